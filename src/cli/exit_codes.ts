/** Exit codes of every command. */

export const DONE = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;
/** A second Ctrl-C hurried it. */
export const INTERRUPTED = 130;
