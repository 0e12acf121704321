/**
 * What an authority asks a host for, to see that it is ours. Answers over HTTP lie in a folder too, so that of several
 * processes that share it, and the port, each can answer for the one that has the order.
 */

import { join } from "node:path";
import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { pathOf } from "../../http/served_request.ts";
import { AcmeError } from "./acme_error.ts";
import { makePrivateFolder, readBounded, writePrivateFile } from "./private_files.ts";

/** Where an authority asks (RFC 8555 §8.3). */
const PREFIX = "/.well-known/acme-challenge/";

/** What a token is made of (RFC 8555 §8.1): nothing that leads out of a folder. */
const TOKEN = /^[A-Za-z0-9_-]{1,256}$/;

/** The challenges that are open. */
export class Challenges {
  readonly #folder: string;

  /** @param dir the authority's folder */
  constructor(dir: string) {
    this.#folder = join(dir, "challenges");
  }

  /** Answers what is asked over HTTP. */
  readonly handler: Handler = async (request) => {
    const path = pathOf(request.url);
    const token = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : "";
    const answer = TOKEN.test(token) ? await readBounded(join(this.#folder, token)) : undefined;
    if (answer === undefined) return problem(404, "There is no such challenge");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, "A challenge is only read", { headers: { allow: "GET, HEAD" } });
    }
    return new Response(request.method === "HEAD" ? null : answer, {
      headers: { "content-type": "application/octet-stream", "cache-control": "no-store" },
    });
  };

  /** Is ready to be asked, until it is disposed of. */
  async offer(token: string, answer: string): Promise<AsyncDisposable> {
    if (!TOKEN.test(token)) throw new AcmeError("The authority's token is none, by its characters");
    const path = join(this.#folder, token);
    await makePrivateFolder(this.#folder);
    await writePrivateFile(path, answer);
    return { [Symbol.asyncDispose]: () => Deno.remove(path) };
  }

  /** Forgets challenges of an order that a crash ended; nobody may have one open. */
  async clear(): Promise<void> {
    try {
      await Deno.remove(this.#folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
