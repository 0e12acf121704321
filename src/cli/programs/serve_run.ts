/** The server behind `sluice serve`. */

import { existsSync } from "node:fs";
import { clientsOf, descriptorLimit } from "../../client_door.ts";
import { mountAll } from "../../http/mount.ts";
import type { Handler } from "../../http/handler.ts";
import { type HttpServer, serveHttp, type ServeOptions } from "../../http/node_server.ts";
import { raiseDescriptorLimit } from "../../process/libc.ts";
import { program, type ProgramHandler } from "../../process/program.ts";
import { announce, logAccess } from "../announce.ts";
import { assignment, onOthersStopped, reportListening, runInIsolates } from "../isolates.ts";
import { cliLimits } from "../limits.ts";
import { openLog } from "../log_flag.ts";
import { runOnce } from "./once.ts";
import { writeStderr } from "../output.ts";
import type { ProgramFlags } from "./program_flags.ts";
import { prepareAll, programOptions, sayHowStarted } from "./program_settings.ts";
import { INTERRUPTED } from "../exit_codes.ts";
import { StopSignals } from "../signals.ts";
import { parseMounts, target } from "./target.ts";

/** What flags and variables gave. */
export interface ServeFlags extends ProgramFlags {
  readonly port: number;
  readonly host: string;
  readonly workers: number;
  readonly once: boolean;
}

/** How many ports after a taken one are tried. */
const PORTS_TRIED = 100;

/**
 * Serves programs until a signal asks for the end.
 *
 * @param commands names of all commands, for a hint when a program is not found
 * @param words the program with its arguments, or mounts
 */
export async function serve(commands: string[], words: readonly string[], flags: ServeFlags): Promise<void> {
  const log = openLog(flags.log);
  const options = programOptions(flags, log, flags.workers);
  if (flags.once) {
    await using handler = program({
      ...options,
      ...target(words, flags, commands),
      warm: 0,
      onStderr: passOn,
      dev: true,
    });
    return await runOnce(handler);
  }
  const isolate = assignment();
  if (!isolate && words.length > 1 && words[1].startsWith("-") && words[1] !== "--" && existsSync(words[0])) {
    writeStderr(`sluice serve: ${words[1]} goes to ${words[0]}; options of serve stand before the program\n`);
  }
  if (!isolate) return exitUnlessDone(await runInIsolates(flags.workers));

  raiseDescriptorLimit();
  using signals = new StopSignals();
  onOthersStopped(() => signals.tell());
  {
    await using programs = new AsyncDisposableStack();
    const handlers: Record<string, ProgramHandler> = {};
    for (const { mount, words: its } of parseMounts(words)) {
      handlers[mount] = programs.use(program({ ...options, ...target(its, flags, commands), mount }));
    }
    const { languages } = options;
    const command = isolate.port === undefined ? "serve" : undefined; // one of several is enough to tell of it
    if (!await prepareAll(Object.values(handlers), { command, languages, told: signals.told })) return;
    const server = await listen(mountAll(handlers), {
      hostname: flags.host,
      port: isolate.port ?? flags.port,
      reusePort: isolate.shared,
      connections: Math.ceil(clientsOf(descriptorLimit()) / flags.workers), // each isolate has a door of its own
      dev: flags.dev,
      onAccess: (access) => logAccess(log, access),
    }, isolate.port === undefined);
    if (isolate.port === undefined) {
      for (const handler of Object.values(handlers)) sayHowStarted("serve", handler);
      announce("serve", server);
      reportListening(server.port);
    }
    await signals.told;
    await server.close(cliLimits.graceMs, signals.hurry);
  }
  if (signals.hurry.aborted) Deno.exit(INTERRUPTED);
}

/** What an isolate that failed has said need not be said again. */
function exitUnlessDone(code: number): void {
  if (code !== 0) Deno.exit(code);
}

/** Listens on the port asked for, or, if `choose`, on the next free one. */
async function listen(
  handler: Handler,
  options: ServeOptions & { readonly port: number },
  choose: boolean,
): Promise<HttpServer> {
  const last = !choose || options.port === 0 ? options.port : Math.min(options.port + PORTS_TRIED, 65535);
  for (let port = options.port;; port++) {
    try {
      // A shared port can be had by strangers who share it too: it counts as free only if we can have it alone.
      if (choose && options.reusePort) {
        await (await serveHttp(handler, { ...options, port, reusePort: false })).close(0);
      }
      return await serveHttp(handler, { ...options, port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || port >= last) throw error;
    }
  }
}

function passOn(line: string): void {
  writeStderr(line + "\n");
}
