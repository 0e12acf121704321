/** A server in front of another one, that passes on all it gets. */

import { forward, type ForwardOptions, type Upstream } from "../../src/http/forward.ts";
import type { Handler } from "../../src/http/handler.ts";
import { listen, type Listening } from "./in_process.ts";

/** A front, and what became of its requests. */
export interface Front extends Listening {
  /** How many are over. */
  ended: number;
  /** What those without an answer failed with. */
  readonly errors: unknown[];
}

/** Listens in front of an upstream. */
export async function front(target: Upstream, options: ForwardOptions = {}): Promise<Front> {
  const state = { ended: 0, errors: [] as unknown[] };
  const onEnd = () => void state.ended++;
  const handler: Handler = async (request, info) => {
    try {
      return await forward(request, target, { client: info?.remoteAddr?.hostname, onEnd, ...options });
    } catch (error) {
      state.errors.push(error);
      throw error;
    }
  };
  return Object.assign(state, await listen(handler, { upgrade: true }));
}

/** Where a server listens. */
export function addressOf({ url }: Listening): Upstream {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

/** Listens with a handler, behind a front. */
export async function frontOf(handler: Handler, options?: ForwardOptions): Promise<Front> {
  const upstream = await listen(handler);
  const before = await front(addressOf(upstream), options);
  const close = before[Symbol.asyncDispose];
  return Object.assign(before, {
    [Symbol.asyncDispose]: async () => {
      await close();
      await upstream[Symbol.asyncDispose]();
    },
  });
}
