/** Where programs reply by callback. */

import { join } from "node:path";
import { cacheDirectory, hash } from "../../../process/cache.ts";
import type { ReplyConfig, ServerConfig } from "../model.ts";
import type { Place } from "../place.ts";
import type { RawGateway } from "../raw.ts";
import { socketOf } from "./address.ts";
import { waitsForReply } from "./target.ts";

/** Reads it; undefined when no route waits for a reply and nothing is said. */
export function replyOf(
  place: Place,
  raw: RawGateway["reply"],
  servers: readonly ServerConfig[],
): ReplyConfig | undefined {
  const targets = servers.flatMap(({ routes, openapi }) => [...routes, ...Object.values(openapi?.operations ?? {})]);
  if (!targets.some(({ target }) => waitsForReply(target))) {
    // A route with a fault is not among the targets, and may be the one that has reply.
    return raw && place.reading.isClean ? place.fault("has no effect: no route has reply") : undefined;
  }
  const { socket, secret = false } = raw ?? {};
  const address = socketOf(place.at("socket"), socket ?? defaultSocket(place));
  return address && { socket: address, secret };
}

/** One for each file, so that two gateways of a user do not meet. */
function defaultSocket(place: Place): string {
  const runtime = place.surroundings.variable("XDG_RUNTIME_DIR");
  const folder = runtime ? join(runtime, "sluice") : join(cacheDirectory(), "reply");
  return join(folder, `${hash(place.resolve(place.reading.document.file)).slice(0, 12)}.sock`);
}
