/** Refusals of the subscription API, in the form its clients read: `{"error":{"code","message"}}`. */

/** Every code with the status that goes with it. */
export const STATUSES = {
  INVALID_REQUEST: 400,
  WEBHOOK_URL_REJECTED: 400,
  TOKEN_INVALID: 401,
  NOT_FOUND: 404,
  SUBSCRIPTION_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  SUBSCRIPTION_ALREADY_EXISTS: 409,
  FENCED: 409,
  ALREADY_CLAIMED: 409,
  NO_PENDING_WORK: 409,
  INVALID_OFFSET: 409,
  BODY_TOO_LARGE: 413,
  UNAVAILABLE: 503,
  LIMIT_EXCEEDED: 507,
} as const;

/** What was refused, for clients to branch on. */
export type SubscriptionErrorCode = keyof typeof STATUSES;

/** A refusal. */
export class SubscriptionError extends Error {
  /** `SubscriptionError`. */
  override readonly name = "SubscriptionError";
  readonly code: SubscriptionErrorCode;
  /** Further members of the error, such as who holds a lease. */
  readonly details: Readonly<Record<string, unknown>>;

  /**
   * Makes one.
   *
   * @param code what was refused
   * @param message one sentence for the client
   */
  constructor(code: SubscriptionErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

const FIELDS: Partial<Record<SubscriptionErrorCode, Record<string, string>>> = {
  TOKEN_INVALID: { "www-authenticate": "Bearer" },
  UNAVAILABLE: { "retry-after": "1" },
};

/** The answer to a refusal. */
export function refusal({ code, message, details }: SubscriptionError, headers: Record<string, string> = {}): Response {
  return jsonAnswer(STATUSES[code], { error: { code, message, ...details } }, { ...FIELDS[code], ...headers });
}

/** An answer of the subscription API. */
export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
