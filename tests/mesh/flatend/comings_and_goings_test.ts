/** The real npm flatend at a bridge that goes, and at one that it leaves itself, in the middle of something. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { FlatendError } from "../../../src/mesh/flatend/flatend_error.ts";
import { Flatend, offering, SERVICES, startBridge } from "../../support/mesh/flatend.ts";
import { RawFlatend } from "../../support/mesh/raw_flatend.ts";
import { nodeTest } from "../../support/node_process.ts";
import { until, within } from "../../support/within.ts";

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

/** A body that begins and never ends. */
function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) });
}
