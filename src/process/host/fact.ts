/** What is found of a host: one thing each, with a verdict. */

/** Good as it is; something will not work, or less well; nothing will. */
export type Verdict = "ok" | "warn" | "bad";

/** What was found of one thing. */
export interface Finding {
  readonly verdict: Verdict;
  /** What is there, or why it is not. */
  readonly found: string;
  /** One command or setting that changes it; undefined where nothing has to be done, or can be. */
  readonly mend?: string;
}

/** One thing that a host lets be done, or not. */
export interface HostFact extends Finding {
  /** Short, the same everywhere: a key. */
  readonly name: string;
}

/** What is looked at. */
export interface HostPlace {
  /** Folder that streams are to be kept in; undefined where it can't be told. */
  readonly store: string | undefined;
  /** Ends a look that takes its time. */
  readonly signal: AbortSignal;
  /** When the first look began, by both clocks, milliseconds. */
  readonly began: { readonly wall: number; readonly monotonic: number };
}

/** How one thing is looked at. */
export interface HostCheck {
  readonly name: string;
  look(place: HostPlace): Finding | Promise<Finding>;
}

/** Good as it is. */
export function ok(found: string): Finding {
  return { verdict: "ok", found };
}

/** Something will not work, or less well. */
export function warn(found: string, mend?: string): Finding {
  return { verdict: "warn", found, mend };
}

/** Nothing will work. */
export function bad(found: string, mend?: string): Finding {
  return { verdict: "bad", found, mend };
}

/** What went wrong, in its own words. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A file of the system; undefined for a host that does not tell. */
export function readSystemFile(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return undefined;
  }
}
