/** Links to streams that are there already: from where they end now, so that nobody is told what is long past. */

import type { StreamInfo, StreamStore } from "../stream_store.ts";
import { BEFORE_FIRST, type Link } from "./links.ts";
import { literalPrefix, parsePattern, PatternIndex } from "./pattern.ts";
import type { SubscriptionRequest } from "./subscription_request.ts";

/** Streams that are asked for at once. */
const PAGE = 1000;

/**
 * Links to what a subscription names and to what its pattern finds.
 *
 * @returns undefined when they are more than `max`
 */
export function firstLinks(
  { config, streams }: SubscriptionRequest,
  store: StreamStore,
  max: number,
): Link[] | undefined {
  const links = new Map(streams.map((path) => [path, linkNamed(path, store)]));
  for (const stream of config.pattern === undefined ? [] : matching(store, config.pattern)) {
    if (stream.id === config.wakeStream) continue; // it would be woken by its own wakes
    links.set(stream.id, { ...linkTo(stream), explicit: links.has(stream.id), glob: true });
    if (links.size > max) break;
  }
  return links.size > max ? undefined : [...links.values()];
}

/** A link to a stream by its name; it need not be there yet. */
export function linkNamed(path: string, store: StreamStore): Link {
  const stream = store.head(path);
  if (stream) return { ...linkTo(stream), explicit: true, glob: false };
  return { path, number: undefined, acked: BEFORE_FIRST, tail: 0, explicit: true, glob: false };
}

/** All streams whose ids begin so. */
export function* allStreams(store: StreamStore, prefix = ""): Generator<StreamInfo> {
  let after: string | undefined;
  do {
    const page = store.list({ prefix, after, limit: PAGE });
    yield* page.streams;
    after = page.next;
  } while (after !== undefined);
}

function linkTo({ id, number, tail }: StreamInfo): Omit<Link, "explicit" | "glob"> {
  return { path: id, number, acked: tail, tail };
}

function* matching(store: StreamStore, pattern: string): Generator<StreamInfo> {
  const segments = parsePattern(pattern);
  const index = new PatternIndex<true>();
  index.add(segments, true);
  for (const stream of allStreams(store, literalPrefix(segments))) if (index.match(stream.id).size > 0) yield stream;
}
