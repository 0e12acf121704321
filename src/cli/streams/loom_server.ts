/** The server behind `sluice loom`, from the opening of its store to its end. */

import type { Handler } from "../../http/handler.ts";
import { type HttpServer, serveHttp } from "../../http/node_server.ts";
import { guardOrigins } from "../../http/origins.ts";
import { requireToken, withoutToken } from "../../http/tokens.ts";
import { limits } from "../../limits.ts";
import type { Log } from "../../log.ts";
import { isOpen } from "../../loom/loom_handler.ts";
import { type Loom, openLoom } from "../../loom/open_loom.ts";
import { isLoopback } from "../../net/loopback.ts";
import { announce, logAccess } from "../announce.ts";
import { reportListening } from "../isolates.ts";
import { cliLimits } from "../limits.ts";
import type { SettledLoom } from "./loom_settings.ts";
import { type Running, runUntilStopped } from "../running.ts";

/** Lets web pages of other origins see that they were refused, and nothing more. */
const REFUSAL_HEADERS = { "access-control-allow-origin": "*", "x-content-type-options": "nosniff" };
/** What a folder is that no streams can be kept in. */
const UNUSABLE = [
  Deno.errors.NotFound,
  Deno.errors.PermissionDenied,
  Deno.errors.NotADirectory,
  Deno.errors.AlreadyExists,
];

/** Serves streams until a signal asks for the end. */
export async function serveLoom(settings: SettledLoom, log: Log): Promise<void> {
  await runUntilStopped(async () => {
    const { port, ...running } = await startLoom(settings, log);
    reportListening(port);
    return running;
  });
}

/**
 * Opens the store, and serves it.
 *
 * @throws {Error} saying what to do: the folder or the port is not to be had
 */
export async function startLoom(settings: SettledLoom, log: Log): Promise<Running & { readonly port: number }> {
  const stopping = new AbortController();
  await using held = new AsyncDisposableStack();
  const store = held.use(await open(settings, log, stopping.signal));
  const server = await listen(store, settings, log);
  announce("loom", server);
  const opened = held.move();
  return {
    port: server.port,
    close: async (hurry) => {
      stopping.abort(); // live reads end at once
      await server.close(cliLimits.graceMs, hurry);
      await opened.disposeAsync();
    },
  };
}

async function open(settings: SettledLoom, log: Log, signal: AbortSignal): Promise<Loom> {
  const { data: dir, sync, maxAge, maxBytes, streamQuota, quota, idle } = settings;
  const bounds = { keepMs: maxAge, keepBytes: maxBytes, streamBytes: streamQuota, totalBytes: quota, idleMs: idle };
  try {
    return await openLoom({
      dir,
      sync,
      limits: bounds,
      log,
      signal,
      baseUrl: settings.publicUrl,
      localWebhooks: isLoopback(settings.host),
    });
  } catch (error) {
    if (UNUSABLE.some((kind) => error instanceof kind)) {
      const why = (error as Error).message;
      throw new Error(`Cannot keep streams in ${dir}: ${why}; name another folder with --data`, { cause: error });
    }
    if (!(error instanceof Deno.errors.Busy)) throw error;
    throw new Error(`Cannot serve ${dir}: another server has it; end that one, or name another folder with --data`, {
      cause: error,
    });
  }
}

/** Clients know the port: another one than that asked for would be none. */
async function listen(store: Loom, settings: SettledLoom, log: Log): Promise<HttpServer> {
  const { host, port } = settings;
  try {
    return await serveHttp(guard(store.fetch, settings), {
      hostname: host,
      port,
      requestBodyIdleMs: limits.uploadIdleMs,
      onAccess: (access) => logAccess(log, { ...access, url: withoutToken(access.url) }),
    });
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(`Port ${port} is taken: end what listens there, or choose another one with --port`, {
      cause: error,
    });
  }
}

/** Lets in who has a token; where there are none, what comes from pages of strangers is refused. */
function guard(handler: Handler, { tokens, auth, origins }: SettledLoom): Handler {
  if (tokens.length > 0) return requireToken(handler, tokens, { isOpen, headers: REFUSAL_HEADERS });
  return auth ? guardOrigins(handler, origins) : handler;
}
