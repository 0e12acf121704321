/** The real npm flatend at a bridge: services of each are asked by the other. */

import { Buffer } from "node:buffer";
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { HttpError } from "../../../src/errors.ts";
import { FlatendError } from "../../../src/mesh/flatend/flatend_error.ts";
import { Flatend, offering, startBridge, startNode } from "../../support/mesh/flatend.ts";
import { RawFlatend } from "../../support/mesh/raw_flatend.ts";
import { nodeTest } from "../../support/node_process.ts";
import { until, within } from "../../support/within.ts";

const MB5 = 5_000_000;

/** Gives back what it is sent, and answers with what it was told. */
const SERVICES = `{
  told: (ctx) => ctx.json(ctx.headers),
  echo: (ctx) => ctx.header("Content-Type", "application/x-echo").pipe(ctx),
  made: (ctx) => ctx.header("Status", "201").header("X-Made", "yes").send("made"),
  wrong: (ctx) => ctx.header("status", "all right").send("wrong"),
  spaced: (ctx) => ctx.header("header key", "header val").send("spaced"),
  fails: () => { throw new Error("This shouldn't happen!"); },
  endless: (ctx) => void ctx.write("begun"),
}`;

const client = { remoteAddr: { transport: "tcp", hostname: "192.0.2.7", port: 1234 } };

nodeTest("a service of npm flatend is told of a request as flatend's own server tells it, and of more", async () => {
  await using bridge = await startBridge();
  await using _node = await Flatend.start(bridge, SERVICES);
  const peer = await offering(bridge, "told");
  const request = new Request("http://example.com/users/7?Page=2&page=3&q=%C3%BC", {
    headers: { "X-Wish": "this", "params.id": "8", "query.page": "9" },
  });
  const response = await bridge.push(peer, ["told"], request, { ...client, params: { userId: "7" } });
  const { via: _, ...told } = await response.json();
  deepEqual(told, {
    ":method": "GET",
    ":path": "/users/7?Page=2&page=3&q=%C3%BC",
    "host": "example.com",
    "params.userid": "7",
    "query.page": "2",
    "query.q": "ü",
    "x-forwarded-for": "192.0.2.7",
    "x-forwarded-host": "example.com",
    "x-forwarded-proto": "http",
    "x-wish": "this",
  });
  deepEqual([response.status, response.headers.get("content-type")], [200, "application/json"]);
});

nodeTest("a body of 5 MB goes to npm flatend and back", async () => {
  await using bridge = await startBridge();
  await using _node = await Flatend.start(bridge, SERVICES);
  const peer = await offering(bridge, "echo");
  const sent = crypto.getRandomValues(new Uint8Array(65_536));
  const body = new Blob(Array(Math.ceil(MB5 / 65_536)).fill(sent)).slice(0, MB5);
  const request = new Request("http://a/", { method: "POST", body: body.stream() });
  const response = await bridge.push(peer, ["echo"], request);
  equal(response.headers.get("content-type"), "application/x-echo");
  const came = new Uint8Array(await response.arrayBuffer());
  deepEqual([came.length, Buffer.compare(came, new Uint8Array(await body.arrayBuffer()))], [MB5, 0]);
});

nodeTest("an answer's status is that of its field `status`, and one that is none is a bad answer", async () => {
  await using bridge = await startBridge();
  await using _node = await Flatend.start(bridge, SERVICES);
  const peer = await offering(bridge, "made");
  const push = (service: string) => bridge.push(peer, [service], new Request("http://a/"));
  const made = await push("made");
  deepEqual([made.status, made.headers.get("x-made"), made.headers.get("status")], [201, "yes", null]);
  equal(await made.text(), "made");
  await rejects(push("wrong"), (error: FlatendError) => error.reason === "broken" && error.status === 502);
});

nodeTest("a header field that is none is left out, as flatend's own server does, and told to the log", async () => {
  const told: unknown[] = [];
  await using bridge = await startBridge({ log: (_, message, fields) => told.push([message, fields?.field]) });
  await using _node = await Flatend.start(bridge, SERVICES);
  const response = await bridge.push(await offering(bridge, "spaced"), ["spaced"], new Request("http://a/"));
  equal(await response.text(), "spaced");
  deepEqual(told, [["A flatend service answered with a header field that is none", "header key"]]);
});

nodeTest("of several services the first that a node has is asked, and none is another node's matter", async () => {
  await using bridge = await startBridge();
  await using _node = await Flatend.start(bridge, SERVICES);
  const peer = await offering(bridge, "made");
  const response = await bridge.push(peer, ["missing", "made", "echo"], new Request("http://a/"));
  equal(await response.text(), "made");
  const none = bridge.push(peer, ["missing"], new Request("http://a/", { method: "POST", body: "kept" }));
  await rejects(none, (error: FlatendError) => error.nothingDone && error.status === 503);
  await rejects(bridge.push("nobody", ["made"], new Request("http://a/")), FlatendError);
});

nodeTest("an error in a handler is answered as the SDK answers it", async () => {
  await using bridge = await startBridge();
  await using _node = await Flatend.start(bridge, SERVICES);
  const response = await bridge.push(await offering(bridge, "fails"), ["fails"], new Request("http://a/"));
  deepEqual(await response.json(), { error: "This shouldn't happen!" });
});

nodeTest("npm flatend asks a service of ours, with fields, parameters and a body", async () => {
  const asked: unknown[] = [];
  await using bridge = await startBridge({
    offered: () => ["ours"],
    async call(services, request, info) {
      const { hostname } = info.remoteAddr!;
      asked.push(services, request.method, request.url, request.headers.get("x-wish"), await request.text());
      asked.push(hostname, { ...info.params });
      return new Response("done", { status: 202, headers: { "X-Made": "yes" } });
    },
  });
  await using node = await Flatend.start(bridge);
  const headers = { "x-wish": "this", "query.page": "2", "params.id": "7" };
  const answer = await node.push(["missing", "ours"], headers, { text: "a body" });
  deepEqual(asked, [["ours"], "POST", "http://localhost/?page=2", "this", "a body", "127.0.0.1", { id: "7" }]);
  deepEqual([answer.headers.status, answer.headers["x-made"], answer.text], ["202", "yes", "done"]);
});

nodeTest("npm flatend can say method, path and host", async () => {
  await using bridge = await startBridge({
    offered: () => ["ours"],
    call: (_, request) => Promise.resolve(new Response(`${request.method} ${request.url} ${request.body}`)),
  });
  await using node = await Flatend.start(bridge);
  const headers = { ":method": "GET", ":path": "/a%20b?c=d", "host": "example.com" };
  equal((await node.push(["ours"], headers)).text, "GET http://example.com/a%20b?c=d null");
  equal((await node.push(["ours"], { ":method": "TRACE" })).headers.status, "400");
});

nodeTest("a body of 5 MB comes from npm flatend and goes back", async () => {
  await using bridge = await startBridge({
    offered: () => ["echo"],
    call: (_, request) => Promise.resolve(new Response(request.body)),
  });
  await using node = await Flatend.start(bridge);
  equal((await node.push(["echo"], {}, { length: MB5 })).length, MB5);
});

nodeTest("npm flatend is told when nobody answers, and what went wrong where somebody does", async () => {
  await using bridge = await startBridge({
    offered: () => ["full", "failing", "missing.too"],
    call([service]) {
      if (service === "full") throw new HttpError(503, "There is no place left");
      throw new Error("secret");
    },
  });
  await using node = await Flatend.start(bridge);
  await rejects(node.push(["full"]), /No nodes were able to process your request/);
  const failed = await node.push(["failing"]);
  equal(failed.headers.status, "500");
  match(failed.text, /The server failed to answer/);
});

nodeTest("hundreds of requests at once go both ways over one connection", async () => {
  await using bridge = await startBridge({
    offered: () => ["ours"],
    call: async (_, request) => new Response(`ours ${await request.text()}`),
  });
  await using node = await Flatend.start(bridge, SERVICES);
  const peer = await offering(bridge, "echo");
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  const ours = numbers.map(async (i) => {
    const request = new Request("http://a/", { method: "POST", body: `${i}` });
    return await (await bridge.push(peer, ["echo"], request)).text();
  });
  const theirs = numbers.map(async (i) => (await node.push(["ours"], {}, { text: `${i}` })).text);
  deepEqual(await Promise.all(ours), numbers.map((i) => `${i}`));
  deepEqual(await Promise.all(theirs), numbers.map((i) => `ours ${i}`));
  equal(bridge.peers.length, 1);
});

nodeTest("a node is heard of when it comes, and when it is gone", async () => {
  const offers: (readonly string[])[] = [];
  await using bridge = await startBridge({ onOffers: (_, services) => void offers.push([...services]) });
  {
    await using _node = await Flatend.start(bridge, "{ a: () => {}, b: () => {} }");
    await until("it is heard of", () => offers.length === 1);
  }
  await until("it is gone", () => offers.length === 2);
  deepEqual([offers, bridge.peers], [[["a", "b"], []], []]);
});

nodeTest("npm flatend comes back to a bridge that starts anew on its port within four seconds", async () => {
  const first = await startBridge({ offered: () => ["ours"], call: () => Promise.resolve(new Response("first")) });
  const { port } = first;
  await using node = await Flatend.start(first, SERVICES);
  await offering(first, "made");
  equal((await node.push(["ours"])).text, "first");
  await first.close();
  await node.said("Trying to reconnect");
  await using second = await startBridge({
    port,
    offered: () => ["ours"],
    call: () => Promise.resolve(new Response("second")),
  });
  const peer = await offering(second, "made");
  equal(await (await second.push(peer, ["made"], new Request("http://a/"))).text(), "made");
  await until("it knows what is offered", () => node.output.split("You have connected").length === 3);
  equal((await node.push(["ours"])).text, "second");
});

nodeTest("kill -9 of a node breaks what it was answering, visibly, and nothing else", async () => {
  await using bridge = await startBridge();
  await using dying = await Flatend.start(bridge, SERVICES);
  const peer = await offering(bridge, "endless");
  await using _other = await Flatend.start(bridge, SERVICES);
  await until("the other one is there", () => bridge.peers.length === 2);
  const begun = await bridge.push(peer, ["endless"], new Request("http://a/"));
  const reader = begun.body!.getReader();
  equal(new TextDecoder().decode((await reader.read()).value), "begun");
  const waiting = bridge.push(peer, ["endless"], new Request("http://a/", { method: "POST", body: endless() }));
  const broken = rejects(reader.read(), (error: FlatendError) => error.reason === "broken");
  dying.kill("SIGKILL");
  await within("the body breaks", broken);
  await (await waiting.catch(() => undefined))?.body?.cancel();
  const [{ key }] = bridge.providers("made");
  ok(key !== peer);
  equal(await (await bridge.push(key, ["made"], new Request("http://a/"))).text(), "made");
});

nodeTest("what a caller has given up is dropped, and the connection goes on", async () => {
  await using bridge = await startBridge();
  await using _node = await Flatend.start(
    bridge,
    `{
    ...${SERVICES},
    flood: async (ctx) => { for (let i = 0; i < 300; i++) ctx.write(Buffer.alloc(10000)); ctx.end(); },
  }`,
  );
  const peer = await offering(bridge, "flood");
  const controller = new AbortController();
  const flood = await bridge.push(peer, ["flood"], new Request("http://a/", { signal: controller.signal }));
  const reader = flood.body!.getReader();
  await reader.read();
  controller.abort();
  await rejects(reader.read(), { name: "AbortError" });
  const cancelled = await bridge.push(peer, ["flood"], new Request("http://a/"));
  await cancelled.body!.cancel();
  equal(await (await bridge.push(peer, ["made"], new Request("http://a/"))).text(), "made");
});

nodeTest("nodes with keys find each other through the bridge, where they really listen", async () => {
  await using bridge = await startBridge();
  await using first = await Flatend.start(bridge, "{ a: (ctx) => ctx.send('a') }", { isNamed: true });
  await offering(bridge, "a");
  ok(bridge.peers[0].nodeId);
  await using second = await Flatend.start(bridge, "{ b: (ctx) => ctx.send('b') }", { isNamed: true });
  await second.said("Discovered 1 peer(s).");
  await first.said("has connected to you. Services: [b]");
});

nodeTest("what a stranger sends that is no frame hurts no node that is in the middle of something", async () => {
  await using bridge = await startBridge();
  await using _node = await Flatend.start(bridge, SERVICES);
  const peer = await offering(bridge, "echo");
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const request = new Request("http://a/", { method: "POST", body: body.readable });
  const answer = bridge.push(peer, ["echo"], request);
  await writer.write(new TextEncoder().encode("before "));
  const reader = (await answer).body!.pipeThrough(new TextDecoderStream()).getReader();
  equal((await reader.read()).value, "before ");
  await using stranger = await RawFlatend.exchanged(bridge.port);
  stranger.socket.write(crypto.getRandomValues(new Uint8Array(1000)));
  await stranger.closed;
  await writer.write(new TextEncoder().encode("after"));
  await writer.close();
  equal((await reader.read()).value, "after");
  ok((await reader.read()).done);
});

nodeTest(
  "a header field that is not ASCII ends the connection, because the SDK counts it wrong; it comes back",
  async () => {
    await using bridge = await startBridge();
    await using _node = await Flatend.start(bridge, `{ loud: (ctx) => ctx.header("x-name", "Zoë").send("hello") }`);
    const peer = await offering(bridge, "loud");
    await rejects(bridge.push(peer, ["loud"], new Request("http://a/")), FlatendError);
    ok(await offering(bridge, "loud") !== peer);
  },
);

/** The example of npm flatend's README, as it is there but for the port. */
const README = `
const { Node, Context } = require("flatend");

const helloWorld = (ctx) => ctx.send("Hello world!");

async function main() {
  await Node.start({
    addrs: ["127.0.0.1:9000"],
    services: {
      hello_world: helloWorld,
    },
  });
}

main().catch((err) => console.error(err));
`;

nodeTest("README: the service says hello", async () => {
  await using bridge = await startBridge();
  await using _node = await startNode(README.replace("9000", String(bridge.port)));
  const peer = await offering(bridge, "hello_world");
  const response = await bridge.push(peer, ["hello_world"], new Request("http://localhost:3000/hello"));
  equal(await response.text(), "Hello world!");
});

/** A body that begins and never ends. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
}
