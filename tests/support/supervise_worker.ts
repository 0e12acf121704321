/** Keeps a command running in front of its own standard streams, until SIGTERM: how the streams are handed on. */

import { supervise } from "../../src/process/supervise.ts";

// Listened for before the command is started: who hears it speak may send a signal at once.
Deno.addSignalListener("SIGHUP", () => supervised.kill("SIGHUP"));
Deno.addSignalListener("SIGTERM", () => supervised.stop().then(() => Deno.exit(0)));

const [command, ...args] = Deno.args;
const supervised = supervise({
  command: [command, ...args],
  onExit: ({ code }) => console.error(`ended with ${code}`),
  backoff: { firstMs: 1, mostMs: 1 },
});
