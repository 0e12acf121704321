/** Links over real sockets, both ends in this process. */

import { dialLink } from "../../../src/mesh/transport/dial_link.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { type LinkListener, listenLinks, type ListenOptions } from "../../../src/mesh/transport/listen_links.ts";
import { within } from "../../support/within.ts";
import type { LinkPair } from "./link_cases.ts";

/** A listener whose links can be waited for. */
export interface TestListener extends LinkListener {
  /** Links that came. */
  readonly links: Link[];
  /** The next one that nobody has waited for. */
  next(): Promise<Link>;
}

/** Listens. */
export async function startListener(options: Partial<ListenOptions> = {}): Promise<TestListener> {
  const links: Link[] = [];
  let [given, wake] = [0, () => {}];
  const listener = await listenLinks({
    ...options,
    onLink(link, from) {
      links.push(link);
      options.onLink?.(link, from);
      wake();
    },
  });
  const next = async () => {
    while (links.length <= given) await within("a link comes", new Promise<void>((resolve) => wake = resolve));
    return links[given++];
  };
  return { ...listener, links, next };
}

/** Connects the two ends of a link through a listener. */
export async function connectPair(protocol: "tcp" | "ws"): Promise<LinkPair> {
  const listener = await startListener();
  const address = `${protocol}://127.0.0.1:${listener.port}${protocol === "ws" ? "/mesh?a=1" : ""}`;
  const near = await dialLink(address);
  // One that says nothing is no link yet: what TCP is for is told by its first byte, which is taken off again here.
  if (protocol === "tcp") near.write(Uint8Array.of(0));
  const far = await listener.next();
  const ends = [near, protocol === "tcp" ? withoutFirst(far) : far] as const;
  return { ends, [Symbol.asyncDispose]: () => listener.close() };
}

/** A link whose receiver does not see the first byte. */
function withoutFirst(link: Link): Link {
  return {
    remoteHost: link.remoteHost,
    open(receiver) {
      let isFirst = true;
      link.open({
        onBytes(bytes) {
          const rest = isFirst ? bytes.subarray(1) : bytes;
          isFirst = false;
          if (rest.byteLength > 0) receiver.onBytes(rest);
        },
        onDrain: () => receiver.onDrain(),
        onClose: (error) => receiver.onClose(error),
      });
    },
    write: (bytes) => link.write(bytes),
    pause: () => link.pause(),
    resume: () => link.resume(),
    end: () => link.end(),
    destroy: () => link.destroy(),
  };
}
