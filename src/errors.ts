/** Errors that callers branch on. Everything else is a `TypeError`, a `RangeError` or one of `Deno.errors`. */

/** A failure that has an HTTP answer. `detail` is for the client: it never holds inner messages. */
export class HttpError extends Error {
  /** `HttpError`. */
  override readonly name = "HttpError";
  /** Status code of the answer, 400 to 599. */
  readonly status: number;
  /** Header fields the answer must carry, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  /**
   * Makes one.
   *
   * @param status 400 to 599
   * @param detail one sentence that tells the client what was wrong
   */
  constructor(status: number, detail: string, options: { headers?: Record<string, string>; cause?: unknown } = {}) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** How a program's process ended. */
export interface Exit {
  /** Exit code, or null when a signal ended it. */
  readonly code: number | null;
  /** Name of the signal that ended it, such as `SIGSEGV`, or null. */
  readonly signal: string | null;
}

/** Statuses that tell the client what became of a program. */
const STATUSES = { start: 502, build: 500, exit: 502, timeout: 504, head: 502, limit: 507 } as const;

/** What a process used up of what it was given: processor time, memory, the size of a file. */
export type UsedUp = "cpu" | "memory" | "file";

/**
 * What went wrong with a program: it could not start, its source did not compile, it died, it ran out of time, its head was
 * invalid, it used up what it was given.
 */
export type ProgramErrorCode = "start" | "build" | "exit" | "timeout" | "head" | "limit";

/** A program that could not be run, or ended otherwise than it should; shaped like the result of a run. */
export class ProgramError extends Error {
  /** `ProgramError`. */
  override readonly name = "ProgramError";
  /** What went wrong. */
  readonly code: ProgramErrorCode;
  /** What it used up, where the code is `limit`. */
  readonly usedUp?: UsedUp;
  /** How the process ended, where it had begun and has ended. */
  readonly exit?: Exit;
  /** The last of what it wrote to standard error. */
  readonly stderr: string;

  /**
   * Makes one.
   *
   * @param code what went wrong
   * @param message for the operator: it may hold what a client must not see
   */
  constructor(
    code: ProgramErrorCode,
    message: string,
    options: { exit?: Exit; stderr?: string; usedUp?: UsedUp; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.exit = options.exit;
    this.usedUp = options.usedUp;
    this.stderr = options.stderr ?? "";
  }

  /** The status that tells the client of it. */
  get status(): number {
    return STATUSES[this.code];
  }
}

/** Says in words how a process ended: `exit code 3` or `signal SIGSEGV`. */
export function describeExit(exit: Exit): string {
  return exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
}
