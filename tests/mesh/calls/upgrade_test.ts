/** WebSockets over a call: a client on our own front, a session in memory, and whoever takes the stream over. */

import { deepEqual, equal, match } from "node:assert/strict";
// @ts-types="../../../src/net/ws.d.ts"
import { WebSocket as WsClient, WebSocketServer } from "ws";
import { HttpError } from "../../../src/errors.ts";
import { forward } from "../../../src/http/forward.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { fieldOfRequest } from "../../../src/http/served_request.ts";
import { canUpgrade, takeOver } from "../../../src/http/upgrade.ts";
import { MeshError } from "../../../src/mesh/mesh_error.ts";
import { connect } from "../../support/registry_hub.ts";
import { listen } from "../../support/in_process.ts";
import { callPair } from "../../support/mesh/call_pair.ts";
import { allOver, meshFront, OFFER, SWITCHED, taken } from "../../support/mesh/mesh_front.ts";
import { RawClient } from "../../support/raw_client.ts";
import { rawUpstream } from "../../support/upstream.ts";
import { until, within } from "../../support/within.ts";
import { startRegistry } from "../../../src/registry/start_registry.ts";

const MiB = 1024 * 1024;

function wsHandler(onSocket: (socket: WsClient) => void): Handler {
  const sockets = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });
  return (request) => {
    if (!canUpgrade(request)) return new Response("no WebSocket");
    return takeOver(({ incoming, socket, head }) => sockets.handleUpgrade(incoming, socket, head, onSocket));
  };
}

Deno.test("a real client and a real server talk, and each hears the other's end", async () => {
  const ends: number[] = [];
  await using front = await meshFront(wsHandler((socket) => {
    socket.on("message", (data, isBinary) => socket.send(isBinary ? new Uint8Array(data) : data.toString()));
    socket.on("close", (code) => ends.push(code));
  }));
  for (const leaving of ["close", "terminate"] as const) {
    const socket = new WsClient(front.url.replace("http:", "ws:"));
    const messages: string[] = [];
    const closed = Promise.withResolvers<number>();
    socket.on("message", (data) => messages.push(data.toString()));
    socket.on("close", closed.resolve);
    await within("it opens", new Promise<void>((resolve) => socket.once("open", resolve)));
    socket.send("one");
    socket.send("x".repeat(3 * MiB));
    await until("they come back", () => messages.length === 2);
    deepEqual([messages[0], messages[1].length], ["one", 3 * MiB]);
    if (leaving === "close") socket.close(4000, "done");
    else socket.terminate();
    await within("it closes", closed.promise);
    await allOver(front);
  }
  deepEqual(ends, [4000, 1006]);
  await until("both calls are over", () => front.told.length === 4);
  deepEqual(front.told, ["answer", "ok", "answer", "ok"]);
  await until("both accesses are told", () => front.accesses.length === 2);
  deepEqual(front.accesses.map(({ status }) => status), [101, 101]);
});

Deno.test("a server that closes is heard", async () => {
  for (const leaving of ["close", "terminate"] as const) {
    await using front = await meshFront(
      wsHandler((socket) => leaving === "close" ? socket.close(4001) : socket.terminate()),
    );
    const socket = new WsClient(front.url.replace("http:", "ws:"));
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    socket.on("error", () => {/* "close" follows */});
    equal(await within("it closes", closed), leaving === "close" ? 4001 : 1006);
    await allOver(front);
  }
});

Deno.test("what a client says right behind its request is passed on", async () => {
  const said = Promise.withResolvers<string>();
  await using front = await meshFront(() =>
    takeOver(({ socket }) => {
      socket.write(SWITCHED + "early");
      socket.once("data", (data) => said.resolve(String(data)));
    })
  );
  using client = await RawClient.connect(front.url);
  await client.send(OFFER + "at once");
  await client.until("early");
  equal(await within("it comes", said.promise), "at once");
});

Deno.test("a refusal passes as any answer does", async () => {
  const answers: [Handler, number, RegExp][] = [
    [() => new Response("no", { status: 401, headers: { "www-authenticate": "Basic" } }), 401, /^no$/],
    [() => Promise.reject(new HttpError(403, "Not you")), 403, /Not you/],
    [(request) => new Response(fieldOfRequest(request, "upgrade")), 200, /websocket/],
    [() => new Response(new Blob(["x".repeat(10_000)]).stream()), 200, /^x{10000}$/],
  ];
  for (const [handler, status, words] of answers) {
    await using front = await meshFront(handler);
    using client = await RawClient.connect(front.url);
    await client.send(OFFER);
    const head = await client.head();
    equal(head.status, status);
    match(await client.body(head), words);
    await client.rest();
    await allOver(front);
    deepEqual(front.told, ["answer", "ok"]);
  }
});

Deno.test("a handler finds that an ordinary request can't be taken over", async () => {
  await using front = await meshFront((request) => {
    equal(canUpgrade(request), false);
    return takeOver(() => {});
  });
  const response = await fetch(front.url);
  deepEqual([response.status, (await response.text()).includes("serveHttp")], [501, true]);
  await allOver(front);
});

Deno.test("a taker that fails at once has failed as a handler does", async () => {
  await using front = await meshFront(() =>
    takeOver(() => {
      throw new Error("No");
    })
  );
  using client = await RawClient.connect(front.url);
  await client.send(OFFER);
  equal((await client.head()).status, 502);
  await allOver(front);
  deepEqual(front.told, ["failed"]);
});

Deno.test("a connection that nobody takes is let go of", async () => {
  const closed = Promise.withResolvers<boolean>();
  const pair = callPair(() => takeOver(({ socket }) => void socket.once("close", closed.resolve)));
  await using server = await listen(async (request) => {
    await pair.fetch(request, { untakenMs: 50 });
    return new Response("something else");
  }, { upgrade: true });
  using client = await RawClient.connect(server.url);
  await client.send(OFFER);
  equal((await client.head()).status, 200);
  await within("the taker is told", closed.promise);
  await until("it is told", () => pair.told.length === 2);
});

Deno.test("the time that a call may take is none of a connection's that was taken over", async () => {
  const { front, client, connection: { socket } } = await taken({ idleMs: 1000, totalMs: 2000 });
  await using _ = front;
  using __ = client;
  front.clock.pass(5000);
  socket.end("still here");
  equal(await client.rest(), "still here");
});

Deno.test("a session that breaks before there is an answer is noticed by both sides", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  await using front = await meshFront((request) => {
    asked.resolve(request.signal);
    return new Promise(() => {});
  });
  const client = await RawClient.connect(front.url);
  await client.send(OFFER);
  const signal = await within("the handler is asked", asked.promise);
  front.a.session.destroy(new MeshError("closed", "The cable was cut"));
  await until("it is told", () => signal.aborted);
  equal((await client.head()).status, 502);
  client[Symbol.dispose]();
});

Deno.test("a connection goes on to an upstream of the handler's", async () => {
  await using upstream = await rawUpstream(({ received, socket }) => {
    if (received.endsWith("\r\n\r\n")) socket.write(SWITCHED + "from upstream");
    if (received.endsWith("leave")) socket.end("bye");
  });
  await using front = await meshFront((request) => forward(request, upstream));
  using client = await RawClient.connect(front.url);
  await client.send(OFFER);
  equal((await client.head()).status, 101);
  await client.until("from upstream");
  await client.send("from client, leave");
  equal(await client.rest(), "bye");
  client[Symbol.dispose]();
  await allOver(front);
  match(upstream.connections[0].received, /^GET \/chat\?a HTTP\/1.1\r\n[^]*\r\n\r\nfrom client, leave$/);
});

Deno.test("a registry can be offered as a service", async () => {
  const hub = await startRegistry();
  await using front = await meshFront((request, info) => hub.fetch(request, info));
  const client = await connect(front.url);
  const other = await connect(front.url);
  await within("it is registered", client.register("web@1.0.0", { port: 1234 }));
  await until("the other one hears of it", () => other.query("web").length === 1);
  await client.close();
  await other.close();
  await hub.close();
  await allOver(front);
});
