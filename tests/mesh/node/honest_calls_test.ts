/** What a caller may rely on, whatever handlers do. */

import { equal, ok, rejects } from "node:assert/strict";
import type { Handler } from "../../../src/http/handler.ts";
import { startNode } from "../../../src/mesh/start_node.ts";

/** A stream of what is no bytes. */
function streamOf(...chunks: unknown[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk as Uint8Array);
      controller.close();
    },
  });
}

Deno.test("a body of anything but bytes breaks, and holds nothing of other calls", async () => {
  const kinds: Record<string, unknown> = {
    text: "hello",
    buffer: new ArrayBuffer(4000),
    view: new DataView(new ArrayBuffer(9)),
  };
  const answer: Handler = (request) => new Response(streamOf(kinds[new URL(request.url).pathname.slice(1)]));
  await using node = await startNode({ listen: "127.0.0.1:0", services: { odd: answer, len: length } });
  await using caller = await startNode({ join: node.addresses });
  for (const kind in kinds) {
    const response = await caller.fetch("odd", new Request(`http://odd/${kind}`)).catch((error: Error) => error);
    if (response instanceof Response) await rejects(response.bytes(), kind);
    const sent = { method: "POST", body: streamOf(kinds[kind]), duplex: "half" } as RequestInit;
    await rejects(caller.fetch("len", new Request("http://len/", sent)), TypeError);
  }
  const bytes = { method: "POST", body: "12345" };
  equal(await (await caller.fetch("len", new Request("http://len/", bytes))).text(), "5");
});

async function length(request: Request): Promise<Response> {
  return new Response(String((await request.bytes()).byteLength));
}

Deno.test("a handler whose own call finds nobody has done its work: the request is not sent to another one", async () => {
  const runs: string[] = [];
  await using other = await startNode({ listen: "127.0.0.1:0" });
  await using front = await startNode({
    join: other.addresses,
    services: {
      order: async () => {
        runs.push("front");
        return await front.fetch("nobody", new Request("http://nobody/"));
      },
    },
  });
  other.offer("order", () => {
    runs.push("other");
    return new Response("other");
  });
  for (let i = 0; i < 20; i++) {
    const before = runs.length;
    await (await front.fetch("order", new Request("http://order/", { method: "POST", body: "one" }))).bytes();
    equal(runs.length, before + 1, "each request is done once");
  }
  ok(runs.includes("front"));
});
