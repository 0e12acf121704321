/** A service under our care: its command runs, a hub has it as long as it does, and both end together. */

import { describeExit } from "../../errors.ts";
import { limits } from "../../limits.ts";
import { pause } from "../../net/backoff.ts";
import { freePort } from "../../net/free_port.ts";
import { supervise, type Supervised } from "../../process/supervise.ts";
import type { RegisterOptions } from "../../registry/registration.ts";
import { readService } from "../../registry/table/document.ts";
import { parseName } from "../../registry/table/pattern.ts";
import { connect, Narrator, refusal } from "./registry_connection.ts";
import type { HubFlags } from "./registry_flags.ts";
import { Presence } from "./registry_presence.ts";
import { INTERRUPTED } from "../exit_codes.ts";
import { StopSignals } from "../signals.ts";
import { asUsage } from "../usage.ts";

/** What is to be kept. */
export interface Kept {
  /** Addresses of hubs, with commas between them. */
  readonly hubs: string;
  readonly flags: HubFlags;
  /** `role@version`. */
  readonly name: string;
  readonly options: RegisterOptions;
  /** Default: a free one of the range. */
  readonly port?: number;
  readonly range?: readonly [number, number];
  /** Default: it runs elsewhere. */
  readonly command?: readonly [string, ...string[]];
}

/** Signals that mean something to the service alone. */
const PASSED_ON: readonly Deno.Signal[] = Deno.build.os === "windows" ? [] : ["SIGHUP", "SIGUSR1", "SIGUSR2"];

/** Runs and registers a service until a signal asks for the end, or a hub refuses it. */
export async function keepRegistered(kept: Kept): Promise<void> {
  using signals = new StopSignals("other");
  checkService(kept);
  await keep(kept, signals);
  if (signals.hurry.aborted) Deno.exit(INTERRUPTED);
}

/** What can't be registered anywhere need not be started. */
function checkService({ name, options, port = 1 }: Kept): void {
  const { id = "any", ...rest } = options;
  asUsage(() => readService({ ...rest, ...parseName(name), id, port }, "localhost"));
}

async function keep({ hubs, flags, name, options, command, ...place }: Kept, signals: StopSignals): Promise<void> {
  await using client = connect(hubs, { ...flags, follow: false });
  const port = place.port ?? await freePort({ range: place.range });
  using narrator = new Narrator(client, "register");
  const presence = new Presence(client, narrator, name, { ...options, port });
  // Made before the service and undone after it: a signal that nobody takes would end us, and leave it behind.
  using _passing = command && passSignals((signal) => service?.kill(signal), signals);
  await using service = command && run(command, port, presence, narrator);
  if (!service) presence.runs = true;
  try {
    await Promise.race([signals.told, presence.refused, ...service ? [service.done] : []]);
  } catch (error) {
    throw refusal(error);
  } finally {
    // Nobody is to find a service that is about to end.
    await Promise.race([presence[Symbol.asyncDispose](), pause(limits.registryFreeMs, signals.hurry).catch(() => {})]);
  }
}

function run(
  command: readonly [string, ...string[]],
  port: number,
  presence: Presence,
  narrator: Narrator,
): Supervised {
  return supervise({
    command: [...command, String(port)],
    env: { PORT: String(port) },
    onStart: () => presence.runs = true,
    onExit: (exit, restartInMs) => {
      presence.runs = false;
      if (restartInMs === undefined) return;
      const pauseText = `${(restartInMs / 1000).toFixed(1)} s`;
      narrator.say(`${command[0]} ended with ${describeExit(exit)}; it is started again in ${pauseText}`);
    },
  });
}

/** Passes on what is meant for the service. A terminal that was closed ends it, and so does whoever is in a hurry. */
function passSignals(pass: (signal: Deno.Signal) => void, signals: StopSignals): Disposable {
  const hadTerminal = Deno.stderr.isTerminal();
  signals.hurry.addEventListener("abort", () => pass("SIGKILL"), { once: true });
  const listeners = PASSED_ON.map((signal) => {
    const listener = () => {
      if (signal === "SIGHUP" && hadTerminal && !Deno.stderr.isTerminal()) signals.tell();
      else pass(signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  return {
    [Symbol.dispose]: () => {
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
