/** Ctrl-C and its kin. */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

/** Exit code of a program that a second Ctrl-C ended while it was stopping. */
const INTERRUPTED = 130;

/**
 * Waits to be told to stop, then stops, once. A second signal does not wait for that.
 *
 * @param stop what is to be done
 */
export async function untilStopped(stop: () => Promise<void>): Promise<void> {
  const told = Promise.withResolvers<void>();
  let times = 0;
  const onSignal = () => {
    if (++times > 1) Deno.exit(INTERRUPTED);
    told.resolve();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, onSignal);
  await told.promise;
  await stop();
  for (const signal of SIGNALS) Deno.removeSignalListener(signal, onSignal);
}
