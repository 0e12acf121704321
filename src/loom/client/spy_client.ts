/** Watches all streams of a server at once, as its `/spy` shows them. */

import { Interruption } from "./client_error.ts";
import { Exchange } from "./exchange.ts";
import { Persistence, type RetryOptions } from "./retry.ts";
import { serverUrl, type StreamTarget, tokenHeaders } from "./target.ts";

/** Options of {@linkcode spyStreams}. */
export interface SpyOptions extends Omit<StreamTarget, "id">, RetryOptions {
  /** One colour a stream, by ANSI codes. Default: false. */
  readonly color?: boolean;
}

/**
 * Watches all streams of a server at once: what happens from now on, as text for people. After a broken connection it goes
 * on with what happens then.
 *
 * @throws {StreamClientError} when the server can't be reached, or refuses
 * @throws {TypeError} when the server's URL or the token is none
 */
export async function* spyStreams(options: SpyOptions): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const url = serverUrl(options.url, options.color ? "/spy?color" : "/spy");
  const persistence = new Persistence(options);
  for (;;) {
    try {
      using exchange = new Exchange({ signal: options.signal, silenceMs: Infinity, isOurs: isText });
      const answer = await exchange.ask(url, { method: "GET", headers: tokenHeaders(options.token) });
      persistence.moved();
      return yield* exchange.body(answer);
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      await persistence.interrupted(error);
    }
  }
}

function isText(headers: Headers): boolean {
  return headers.get("content-type")?.startsWith("text/plain") ?? false;
}
