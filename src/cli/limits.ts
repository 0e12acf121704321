/** Bounds that commands have in common, each with its unit and its reason. */

export const cliLimits = {
  /** How long requests and calls under way may take when a server is told to stop: longer, and people press Ctrl-C again. */
  graceMs: 5000,
  /** What is read of standard input at once, bytes: four times what a pipe of Linux holds. */
  inputBytes: 256 * 1024,
} as const;
