/** Targets that take too long. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { limitTime } from "../../../src/gateway/policy/time_limits.ts";
import { bytesResponse } from "../../../src/http/bytes_response.ts";
import { forward } from "../../../src/http/forward.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { detail, seen } from "../../support/ask.ts";
import { addressOf } from "../../support/front.ts";
import { listen } from "../../support/in_process.ts";
import { RawClient } from "../../support/raw_client.ts";
import { within } from "../../support/within.ts";

const MANY_MS = 60_000;
/** Long enough for whatever has to happen before, and short enough to wait for. */
const SHORT_MS = 100;

/** A body that gives its pieces one after the other, so many milliseconds apart, and then ends or says nothing more. */
function slowly(pieces: readonly string[], everyMs: number, ends: boolean, onCancel?: () => void): ReadableStream {
  const left = [...pieces];
  let timer: ReturnType<typeof setTimeout>;
  return new ReadableStream({
    async pull(controller) {
      if (left.length === 0) return ends ? controller.close() : await new Promise(() => {});
      await new Promise((resolve) => timer = setTimeout(resolve, everyMs));
      controller.enqueue(new TextEncoder().encode(left.shift()));
    },
    cancel() {
      clearTimeout(timer);
      onCancel?.();
    },
  }, { highWaterMark: 0 });
}

Deno.test("without a limit, a handler is as it was", () => {
  const handler: Handler = () => new Response();
  equal(limitTime(handler, {}), handler);
  equal(limitTime(handler, { timeoutMs: 0, idleTimeoutMs: 0 }), handler);
});

for (
  const [which, limits] of Object.entries({ timeoutMs: { timeoutMs: SHORT_MS }, idle: { idleTimeoutMs: SHORT_MS } })
) {
  Deno.test(`a target that does not answer is told, and its client gets 504 [${which}]`, async () => {
    const told = Promise.withResolvers<unknown>();
    await using server = await listen(limitTime((request) => {
      request.signal.addEventListener("abort", () => told.resolve(request.signal.reason));
      return new Promise(() => {});
    }, limits));
    const why = which === "idle" ? `no byte moved for ${SHORT_MS} ms` : `it was not whole within ${SHORT_MS} ms`;
    deepEqual(await detail(server.url), [504, `The answer did not come in time: ${why}`]);
    equal((await within("the target is told", told.promise) as { status: number }).status, 504);
  });

  Deno.test(`an answer that has begun breaks off, and its source is told [${which}]`, async () => {
    const cancelled = Promise.withResolvers<void>();
    await using server = await listen(
      limitTime(() => new Response(slowly(["a"], 1, false, cancelled.resolve)), limits),
    );
    deepEqual(await seen(server.url), { status: 200, body: "broken" });
    await within("the source is told", cancelled.promise);
  });
}

Deno.test("what comes too late is dropped", async () => {
  const late = Promise.withResolvers<Response>();
  const dropped = Promise.withResolvers<void>();
  await using server = await listen(limitTime(() => late.promise, { timeoutMs: SHORT_MS }));
  equal((await seen(server.url)).status, 504);
  late.resolve(new Response(slowly(["a"], 1, true, dropped.resolve)));
  await within("it is dropped", dropped.promise);
});

Deno.test("an answer in which something moves is not idle, however long it takes", async () => {
  const limited = limitTime(() => new Response(slowly([..."abcdefgh"], 50, true)), { idleTimeoutMs: 250 });
  await using server = await listen(limited);
  deepEqual(await seen(server.url), { status: 200, body: "abcdefgh" });
});

Deno.test("a request's body that moves is a sign of life too", async () => {
  await using server = await listen(limitTime(async (request) => new Response(await request.text()), {
    idleTimeoutMs: 250,
  }));
  deepEqual(await seen(server.url, { method: "POST", body: slowly([..."abcdefgh"], 50, true) }), {
    status: 200,
    body: "abcdefgh",
  });
});

Deno.test("the whole has its limit, whatever moves", async () => {
  const limited = limitTime(() => new Response(slowly([..."a".repeat(1000)], 10, true)), { timeoutMs: SHORT_MS });
  await using server = await listen(limited);
  equal((await seen(server.url)).body, "broken");
});

Deno.test("the clocks stop with the answer, however it ends", async () => {
  const answers: Handler[] = [
    () => bytesResponse(new TextEncoder().encode("known"), {}),
    () => new Response(null, { status: 204 }),
    () => new Response("stream"),
    () => Promise.resolve(new Response("later")),
    () => Promise.reject(new TypeError("inner")),
    () => {
      throw new TypeError("inner");
    },
  ];
  const limits = { timeoutMs: MANY_MS, idleTimeoutMs: MANY_MS };
  for (const answer of answers) {
    await using server = await listen(limitTime(answer, limits));
    const { status, body } = await seen(server.url);
    ok(status >= 500 || body !== "broken");
  }
  const failing = limitTime(() => Promise.reject(new TypeError("inner")), limits);
  await rejects(async () => await failing(new Request("http://x/")), TypeError);
});

Deno.test("the clocks stop when the client leaves", async () => {
  const cancelled = Promise.withResolvers<void>();
  const handler = limitTime(({ signal }) => {
    const pieces = Array(1e5).fill("a".repeat(1000));
    signal.addEventListener("abort", () => cancelled.resolve());
    return new Response(slowly(pieces, 0, false));
  }, { timeoutMs: MANY_MS });
  await using server = await listen(handler);
  {
    using client = await RawClient.connect(server.url);
    await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await client.head();
  }
  await within("it is told", cancelled.promise);
});

Deno.test("an upstream that is too slow loses its connection", async () => {
  const gone = Promise.withResolvers<void>();
  await using upstream = await listen(({ signal }) => {
    signal.addEventListener("abort", () => gone.resolve());
    return new Promise(() => {});
  });
  await using server = await listen(
    limitTime((request) => forward(request, addressOf(upstream)), { timeoutMs: SHORT_MS }),
  );
  equal((await seen(server.url)).status, 504);
  await within("the upstream notices", gone.promise);
});
