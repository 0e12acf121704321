/** A mistake in how a command was called; its message says what to do instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What is wrong with a flag is wrong usage. */
export function asUsage<T>(check: () => T): T {
  try {
    return check();
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause });
  }
}
