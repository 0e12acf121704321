/** What an authority refused, and what an operator can do about it. */

/** What is before the type of every problem of ACME's own (RFC 8555 §6.7). */
const PREFIX = "urn:ietf:params:acme:error:";

/** An authority that said no, or nothing. */
export class AcmeError extends Error {
  /** `AcmeError`. */
  override readonly name = "AcmeError";
  /** The problem's type, such as `rateLimited`; `unreachable` when there was no answer, empty when it had none. */
  readonly type: string;
  /** It is not to be asked again before, milliseconds from now; 0 when it did not say. */
  readonly retryAfterMs: number;

  /** @param message what the authority said */
  constructor(message: string, options: { type?: string; retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.type = options.type ?? "";
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** A problem document of an authority, of which nothing need be there. */
export interface AcmeProblem {
  readonly type?: unknown;
  readonly detail?: unknown;
  readonly subproblems?: unknown;
}

/** The problem document in a body; an empty one where there is none. */
export function problemIn(text: string): AcmeProblem {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {}; // what stands between us and the authority may answer in its place, in words of its own
  }
}

/** The name of a problem's type. */
export function typeOf({ type }: AcmeProblem): string {
  return typeof type === "string" ? type.replace(PREFIX, "") : "";
}

/** What a problem says, in one line; its parts behind it, since those name the hosts. */
export function wordsOf(problem: AcmeProblem): string {
  const detail = typeof problem.detail === "string" ? problem.detail : typeOf(problem) || "no reason given";
  const parts = Array.isArray(problem.subproblems) ? problem.subproblems as AcmeProblem[] : [];
  return [detail, ...parts.map(wordsOf)].join("; ");
}

/** What to do, by type. */
const ADVICE: Readonly<Record<string, string>> = {
  unreachable: "look whether this machine reaches the authority, and whether its certificate is trusted (caCert)",
  rateLimited: "wait: the authority gives no more for now; use its staging directory for trials",
  rejectedIdentifier: "the authority gives no certificate for such a host: take it out of hosts",
  caa: "a CAA record of the domain keeps this authority from it: change the record or the authority",
  externalAccountRequired:
    "this authority wants an account that was opened elsewhere, which is not supported: use another",
  userActionRequired: "its terms have changed: read them where it says, and start again",
  unsupportedContact: "it takes no such email",
  invalidContact: "it takes no such email",
  serverInternal: "the trouble is the authority's: it is asked again",
};

/** Problems that lie between the authority and the hosts. */
const OF_CHALLENGES = new Set(["connection", "dns", "tls", "unauthorized", "incorrectResponse"]);

/** What to do about a failure; undefined where the authority's own words say all there is to say. */
export function adviceFor(error: unknown): string | undefined {
  if (!(error instanceof AcmeError)) return undefined;
  return OF_CHALLENGES.has(error.type)
    ? "have each host lead to this machine, and its port 80 to redirectHttp"
    : ADVICE[error.type];
}
