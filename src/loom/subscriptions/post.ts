/**
 * Sends one request to an address that a client named. The name is looked up here and the connection goes to what was
 * found and checked, so that a name can't point elsewhere a moment later; redirects are not followed.
 */

import { lookup } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { Buffer } from "node:buffer";
import { limits } from "../../limits.ts";
import { isWithin, type Reach } from "./addresses.ts";
import type { WebhookTarget } from "./webhook_url.ts";

/** An answer. */
export interface Posted {
  readonly status: number;
  /** Undefined when it was longer than anything we would read. */
  readonly body: string | undefined;
}

/**
 * Sends a request, and reads its answer.
 *
 * @param signal gives it up
 * @throws {Error} when the host can't be reached, or must not be
 */
export type Post = (
  target: WebhookTarget,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) => Promise<Posted>;

/** Sends a request over a connection of its own. */
export const post: Post = ({ url, reach }, headers, body, signal) =>
  new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? httpsRequest : httpRequest;
    const outgoing = request(url, {
      method: "POST",
      headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
      agent: false,
      lookup: lookupWithin(reach),
      signal,
    }, (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const done = (body: string | undefined) => resolve({ status: incoming.statusCode ?? 0, body });
      incoming.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes <= limits.webhookAnswerBytes) return;
        done(undefined);
        incoming.destroy();
      });
      incoming.on("end", () => done(Buffer.concat(chunks).toString()));
      incoming.on("error", reject);
      incoming.on("close", () => reject(new Error("The answer broke off")));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });

/** Looks a name up, and refuses it when any of its addresses lies out of reach. */
export function lookupWithin(reach: Reach, resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "");
      const stray = addresses.some(({ address }) => !isWithin(address, reach));
      if (stray || addresses.length === 0) {
        return callback(new Error(`${hostname} resolves to an address that a webhook must not have`), "");
      }
      if (options.all) callback(null, addresses);
      else callback(null, addresses[0].address, addresses[0].family);
    });
  };
}
