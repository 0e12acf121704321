/** What runs until a signal asks for the end: one server, or several that are one process. */

import { raiseDescriptorLimit } from "../process/libc.ts";
import { INTERRUPTED } from "./exit_codes.ts";
import { StopSignals } from "./signals.ts";

/** Something that runs. */
export interface Running {
  /**
   * Brings what is under way to its end, and stops.
   *
   * @param hurry cuts it when it aborts
   */
  close(hurry: AbortSignal): Promise<void>;
}

/**
 * Starts something with as many descriptors as may be, and stops it at the first signal; a second one makes it quick.
 *
 * @param start is told of signals too: a start that takes long has to end early
 * @param hangup what SIGHUP is: an end, or nothing of ours
 * @throws what `start` throws
 */
export async function runUntilStopped(
  start: (signals: StopSignals) => Promise<Running>,
  hangup?: "stop" | "other",
): Promise<void> {
  raiseDescriptorLimit();
  using signals = new StopSignals(hangup);
  const running = await start(signals);
  await signals.told;
  await running.close(signals.hurry);
  if (signals.hurry.aborted) Deno.exit(INTERRUPTED);
}

/** Waits for an end that nothing can make quicker, but no longer than nobody is in a hurry. */
export async function unlessHurried(end: Promise<void>, hurry: AbortSignal): Promise<void> {
  const { promise: hurried, resolve } = Promise.withResolvers<void>();
  hurry.addEventListener("abort", () => resolve(), { once: true });
  if (hurry.aborted) resolve();
  await Promise.race([end, hurried]);
}
