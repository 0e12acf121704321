/** Calls that break off or are given up: each side hears of it, and nothing looks whole that is not. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { HttpError } from "../../../src/errors.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { promiseTrailers } from "../../../src/http/trailers.ts";
import { CallError } from "../../../src/mesh/calls/call_error.ts";
import { MeshError } from "../../../src/mesh/mesh_error.ts";
import { ResetCode } from "../../../src/mesh/session/reset_code.ts";
import { allOver, callPair, streamOf } from "../../support/mesh/call_pair.ts";
import { settle } from "../../support/mesh/manual_clock.ts";
import { within } from "../../support/within.ts";

const echo: Handler = async (request) => new Response(await request.bytes(), { headers: { "x-a": "1" } });
const post = (body?: BodyInit, init: RequestInit = {}) => new Request("http://a/b", { method: "POST", body, ...init });

const failsWith = (status: number, outcome: CallError["outcome"], nothingDone = false) => (error: unknown) => {
  ok(error instanceof CallError, String(error));
  deepEqual([error.status, error.outcome, error.nothingDone], [status, outcome, nothingDone]);
  return true;
};

Deno.test("a body that breaks behind the head is seen to break", async () => {
  const broken = (answer: () => Response) => async () => {
    const pair = callPair(answer);
    const response = await pair.fetch(new Request("http://a/"));
    await rejects(response.text());
    deepEqual(pair.told, ["answer", "failed"]);
    await allOver(pair);
  };
  await broken(() => new Response(streamOf(["a", "b"], "error")))();
  await broken(() => new Response(streamOf([], "error")))();
  await broken(() => {
    const response = new Response("body");
    promiseTrailers(response, Promise.reject(new Error("No trailers")));
    return response;
  })();
  await broken(() => {
    const response = new Response("body");
    promiseTrailers(response, Promise.resolve(new Headers({ "x-long": "x".repeat(70_000) })));
    return response;
  })();
});

Deno.test("a caller that leaves before the head aborts the handler's request", async () => {
  const gone = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const pair = callPair((request) => {
    request.signal.addEventListener("abort", () => gone.resolve());
    asked.resolve();
    return new Promise((resolve) => request.signal.addEventListener("abort", () => resolve(new Response("late"))));
  });
  const leaving = new AbortController();
  const answer = pair.fetch(new Request("http://a/", { signal: leaving.signal }));
  await within("the handler is asked", asked.promise);
  leaving.abort(new Error("Enough"));
  await rejects(answer, /Enough/);
  await within("the handler is told", gone.promise);
  deepEqual(pair.told, ["cancelled"]);
  await allOver(pair);
});

Deno.test("a caller that leaves at once, or has left, costs nothing", async () => {
  const pair = callPair(echo);
  const leaving = new AbortController();
  const answer = pair.fetch(post("x", { signal: leaving.signal }));
  leaving.abort(new Error("Enough"));
  await rejects(answer, /Enough/);
  await rejects(pair.fetch(post("x", { signal: AbortSignal.abort(new Error("Before")) })), /Before/);
  const other = new AbortController();
  const soon = pair.fetch(new Request("http://a/", { signal: other.signal }));
  await undefined;
  other.abort(new Error("Soon"));
  await rejects(soon, /Soon/);
  deepEqual(pair.told, ["cancelled", "cancelled", "cancelled"]);
  equal(await (await pair.fetch(post("still there"))).text(), "still there");
  await allOver(pair);
});

Deno.test("a caller that leaves in the body, or wants no more of it, ends the handler's stream", async () => {
  for (const leave of ["abort", "cancel"] as const) {
    const gone = Promise.withResolvers<void>();
    const pair = callPair(() => new Response(streamOf(["some"], "wait", () => gone.resolve())));
    const leaving = new AbortController();
    const response = await pair.fetch(new Request("http://a/", { signal: leaving.signal }));
    const reader = response.body!.getReader();
    equal((await reader.read()).value!.byteLength, 4);
    if (leave === "cancel") await reader.cancel();
    else {
      const next = reader.read();
      leaving.abort(new Error("Enough"));
      await rejects(next, /Enough/);
    }
    await within("the handler's stream is cancelled", gone.promise);
    deepEqual(pair.told, ["answer", "cancelled"]);
    await allOver(pair);
  }
});

Deno.test("an upload that breaks is told to the caller, and never taken for whole", async () => {
  const ends: unknown[] = [];
  const pair = callPair(async (request) => {
    try {
      ends.push(await request.text());
    } catch (error) {
      ends.push((error as HttpError).status);
    }
    return new Response("too late");
  });
  await rejects(pair.fetch(post(streamOf(["some", "more"], "error"))), /It broke/);
  await settle();
  deepEqual(ends, [499]);
  deepEqual(pair.told, ["cancelled"]);
  await allOver(pair);
});

Deno.test("an upload that breaks in the middle of the answer breaks that", async () => {
  const broken = Promise.withResolvers<void>();
  const upload = new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(3));
      await broken.promise;
      controller.error(new Error("It broke"));
    },
  });
  const pair = callPair((request) => new Response(request.body));
  const response = await pair.fetch(post(upload));
  const reader = response.body!.getReader();
  equal((await reader.read()).value!.byteLength, 3);
  const next = reader.read();
  broken.resolve();
  await rejects(next, /It broke/);
  deepEqual(pair.told, ["answer", "cancelled"]);
  await allOver(pair);
});

Deno.test("a provider that breaks off before its answer says whether anything was done", async () => {
  const cases: [ResetCode | undefined, number, CallError["outcome"], boolean][] = [
    [ResetCode.overloaded, 503, "refused", true],
    [ResetCode.noService, 503, "refused", true],
    [ResetCode.ending, 503, "refused", true],
    [ResetCode.failed, 502, "failed", false],
    [ResetCode.cancelled, 502, "failed", false],
    [ResetCode.timeout, 504, "failed", false],
    [undefined, 502, "failed", false],
  ];
  for (const [code, status, outcome, nothingDone] of cases) {
    const pair = callPair();
    pair.b.onStream = ({ stream }) => {
      if (code) stream.reset(code);
      else pair.b.session.destroy(new MeshError("closed", "The machine fell"));
    };
    await rejects(pair.fetch(post("x")), failsWith(status, outcome, nothingDone));
    deepEqual(pair.told, [outcome]);
  }
});

Deno.test("a session that takes no more leaves the body as it was", async () => {
  const pair = callPair(echo);
  pair.a.session.close();
  const request = post("body");
  const body = { read: () => Promise.reject(new Error("Read")), cancel: () => {} };
  await rejects(pair.fetch(request, { body }), failsWith(503, "refused", true));
  deepEqual([pair.told, request.bodyUsed], [["refused"], false]);
});

Deno.test("a session that breaks in the middle of an answer breaks it, also for who does not read", async () => {
  const pair = callPair(() => new Response(streamOf(["some"], "wait")));
  const one = await pair.fetch(new Request("http://a/"));
  const other = await pair.fetch(new Request("http://a/"));
  const reader = one.body!.getReader();
  equal((await reader.read()).value!.byteLength, 4);
  const next = reader.read();
  pair.a.session.destroy(new MeshError("closed", "The cable was cut"));
  await rejects(next, /cut/);
  deepEqual(pair.told, ["answer", "answer", "failed", "failed"]);
  await rejects(other.text(), /cut/);
  deepEqual(pair.told.length, 4);
});
