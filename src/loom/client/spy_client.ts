/** Watches all streams of a server at once, as its `/spy` shows them. */

import { Interruption } from "./client_error.ts";
import { Exchange } from "./exchange.ts";
import { Persistence, type PersistenceOptions } from "./retry.ts";
import { serverUrl, type Target, tokenHeaders } from "./target.ts";

/** Options of {@linkcode spyOn}. */
export interface SpyOptions extends Omit<Target, "id">, PersistenceOptions {
  /** One colour a stream, by ANSI codes. */
  readonly color?: boolean;
}

/**
 * Gives what happens from now on, as text; after a broken connection it goes on with what happens then.
 *
 * @throws {ClientError} when the server can't be reached, or refuses
 * @throws {TypeError} when the server's URL or the token is none
 */
export async function* spyOn(options: SpyOptions): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
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
