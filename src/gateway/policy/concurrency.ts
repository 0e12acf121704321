/** How many requests of a route may be under way, and how many may wait. A place is held until the answer's body has ended. */

import type { Source } from "../../bytes/source.ts";
import { knownBytes } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { takeOver, takeoverOf } from "../../http/upgrade.ts";
import { wrapBody } from "../../http/wrap_body.ts";
import { Gate, type GateOptions } from "../../process/gate.ts";

/** Lets so many requests through at a time; those that find no room in the queue are answered 503. */
export function limitConcurrency(handler: Handler, options: GateOptions): Handler {
  const gate = new Gate(options);
  return async (request, info) => {
    if (gate.full) {
      const detail = "Too many requests are under way, and the queue is full";
      return problem(503, detail, { headers: { "retry-after": "1" } });
    }
    const { signal } = request;
    const place = await gate.enter(signal);
    const leave = () => {
      signal.removeEventListener("abort", leave);
      place[Symbol.dispose]();
    };
    signal.addEventListener("abort", leave);
    if (signal.aborted) leave();
    try {
      return untilEnd(await handler(request, info), leave);
    } catch (error) {
      leave();
      throw error;
    }
  };
}

/** The answer, which tells when it is over. */
function untilEnd(response: Response, onEnd: () => void): Response {
  const takeover = takeoverOf(response);
  if (takeover) {
    return takeOver((taken) => {
      if (taken.socket.destroyed) onEnd();
      else taken.socket.once("close", onEnd);
      takeover(taken);
    });
  }
  if (!knownBytes(response) && response.body) return wrapBody(response, (body) => telling(body, onEnd));
  onEnd(); // it is made: only the client's connection is still busy with it
  return response;
}

function telling(body: Source, onEnd: () => void): Source {
  return {
    async read() {
      try {
        const chunk = await body.read();
        if (!chunk) onEnd();
        return chunk;
      } catch (error) {
        onEnd();
        throw error;
      }
    },
    cancel(reason) {
      onEnd();
      body.cancel(reason);
    },
  };
}
