/** The real npm flatend at a bridge: services of each are asked by the other. */

import { Buffer } from "node:buffer";
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { HttpError } from "../../../src/errors.ts";
import { FlatendError } from "../../../src/mesh/flatend/flatend_error.ts";
import { Flatend, offering, SERVICES, startBridge, startNode } from "../../support/mesh/flatend.ts";
import { nodeTest } from "../../support/node_process.ts";

const MB5 = 5_000_000;

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
