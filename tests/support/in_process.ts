/** Programs over real HTTP within the test's own process. */

import {
  type Access,
  type ExitReport,
  type Handler,
  program,
  type ProgramHandler,
  type ProgramOptions,
  serveHttp,
  type ServeOptions,
} from "../../mod.ts";
import { libc } from "../../src/process/libc.ts";

// It stays open as long as the process lives: opened here, no test is taken to have leaked it.
libc();

/** A handler that listens. */
export interface Listening extends AsyncDisposable {
  readonly url: string;
  /** One entry for each request answered. */
  readonly accesses: Access[];
}

/** Serves a handler on a free port of loopback. */
export async function listen(handler: Handler, options: Partial<ServeOptions> = {}): Promise<Listening> {
  const accesses: Access[] = [];
  const onAccess = (access: Access) => void accesses.push(access);
  const server = await serveHttp(handler, { hostname: "127.0.0.1", port: 0, onAccess, ...options });
  return {
    url: `http://127.0.0.1:${server.port}`,
    accesses,
    [Symbol.asyncDispose]: () => server.close(0),
  };
}

/** A program that listens. */
export interface ListeningProgram extends Listening {
  /** Lines of the log: errors, and standard error. */
  readonly log: string[];
  /** Reports of the processes that have ended. */
  readonly exits: ExitReport[];
  readonly handler: ProgramHandler;
  /** The next report, of those that were not asked for yet. */
  exit(): Promise<ExitReport>;
}

/** Serves a program on a free port of loopback. */
export async function listenProgram(
  options: ProgramOptions,
  server: Partial<ServeOptions> = {},
): Promise<ListeningProgram> {
  const log: string[] = [];
  const exits: ExitReport[] = [];
  const reports = new TransformStream<ExitReport, ExitReport>(undefined, undefined, { highWaterMark: Infinity });
  const writer = reports.writable.getWriter();
  const reader = reports.readable.getReader();
  const handler = program({
    log: (_level, message) => void log.push(message),
    onExit: (report) => {
      exits.push(report);
      writer.write(report);
    },
    ...options,
  });
  const listening = await listen(handler, server);
  return {
    ...listening,
    log,
    exits,
    handler,
    exit: async () => (await reader.read()).value!,
    [Symbol.asyncDispose]: async () => {
      await handler[Symbol.asyncDispose]();
      await listening[Symbol.asyncDispose]();
    },
  };
}

/** Serves a program in a line of shell. */
export function listenShell(
  code: string,
  options: Partial<ProgramOptions> = {},
  server: Partial<ServeOptions> = {},
): Promise<ListeningProgram> {
  return listenProgram({ code, language: "sh", ...options }, server);
}
