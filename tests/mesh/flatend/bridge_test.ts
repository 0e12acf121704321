/** A bridge, and nodes of flatend that do what npm flatend does not: they are silent, stand still, break off, ask too much. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type Clock, systemClock } from "../../../src/mesh/clock.ts";
import type { FlatendError } from "../../../src/mesh/flatend/flatend_error.ts";
import { readFound } from "../../../src/mesh/flatend/packets.ts";
import { newIdentity } from "../../../src/mesh/identity.ts";
import { offering, startBridge } from "../../support/mesh/flatend.ts";
import { ManualClock } from "../../support/mesh/manual_clock.ts";
import { answer, data, RawFlatend, request, response, works } from "../../support/mesh/raw_flatend.ts";
import { until, within } from "../../support/within.ts";
import { flatendLimits } from "../../../src/mesh/flatend/limits.ts";

/** Time that goes twenty times as fast. */
const fast: Clock = { ...systemClock, after: (ms, call) => systemClock.after(ms / 20, call) };

const get = () => new Request("http://a/");

/** A body of so many bytes, of which the end never comes. */
function endless(bytes: number): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(bytes)) });
}

Deno.test("a key whose secret is known to all ends the connection", async () => {
  await using bridge = await startBridge();
  await using node = new RawFlatend(bridge.port);
  node.socket.resume();
  node.socket.write(new Uint8Array(32));
  await node.closed;
});

for (const [name, silent] of Object.entries({ "says nothing at all": true, "exchanges keys and no more": false })) {
  Deno.test(`a node that ${name} is cut off`, async () => {
    await using bridge = await startBridge({ clock: fast });
    await using node = silent ? new RawFlatend(bridge.port) : await RawFlatend.exchanged(bridge.port);
    node.socket.resume();
    await node.closed;
  });
}

Deno.test("the bridge says who it is, signed, where it was reached or what it advertises", async () => {
  const identity = newIdentity();
  await using bridge = await startBridge({ identity, offered: () => ["a", "b", "x".repeat(256)] });
  await using node = await RawFlatend.exchanged(bridge.port);
  const { id, services } = await node.greet([]);
  deepEqual([id!.host, id!.port, services], ["127.0.0.1", bridge.port, ["a", "b"]]);
  deepEqual([...id!.publicKey], [...identity.publicKey]);
  await using named = await startBridge({ advertise: { host: "2001:db8::1", port: 9000 } });
  await using other = await RawFlatend.exchanged(named.port);
  const told = (await other.greet([])).id!;
  deepEqual([told.host, told.port], ["2001:db8::1", 9000]);
});

Deno.test("what is advertised is an address and a port", async () => {
  await rejects(startBridge({ advertise: { host: "example.com", port: 1 } }), TypeError);
  await rejects(startBridge({ advertise: { host: "192.0.2.1", port: 0 } }), RangeError);
});

Deno.test("a node may say anew what it offers", async () => {
  const offers: (readonly string[])[] = [];
  await using bridge = await startBridge({ onOffers: (_, services) => void offers.push(services) });
  const identity = newIdentity();
  await using node = await RawFlatend.exchanged(bridge.port);
  await node.greet(["a"], identity);
  await node.greet(["a"], identity, 3);
  await node.greet(["a", "b"], identity, 5);
  deepEqual(offers, [["a"], ["a", "b"]]);
  equal(bridge.peers[0].nodeId, identity.id);
});

Deno.test("a node is told of others that have a key, but not of itself", async () => {
  await using bridge = await startBridge();
  const [asker, other] = [newIdentity(), newIdentity()];
  await using node = await RawFlatend.exchanged(bridge.port);
  await node.greet([], asker);
  await using second = await RawFlatend.exchanged(bridge.port);
  await second.greet([], other);
  await using _anonymous = await RawFlatend.offering(bridge.port, "a");
  node.send({ type: "find", target: new Uint8Array(32) }, 3);
  const found = readFound(await node.reply(3));
  deepEqual(found, [{ publicKey: other.publicKey, host: "192.0.2.1", port: 4000 }]);
  node.send({ type: "find", target: other.publicKey }, 5);
  deepEqual(readFound(await node.reply(5)), []);
});

Deno.test("a service that says nothing is answered for with 504, and so is one that falls silent", async () => {
  const clock = new ManualClock();
  await using bridge = await startBridge({ clock });
  await using node = await RawFlatend.offering(bridge.port, "slow", "good");
  const peer = await offering(bridge, "slow");
  const isLate = async (promise: Promise<unknown>) => {
    const late = rejects(promise, (error: FlatendError) => error.reason === "timeout" && error.status === 504);
    await until("it is waited for", () => clock.pending > 0);
    clock.pass(flatendLimits.idleMs);
    await late;
  };
  await isLate(bridge.push(peer, ["slow"], get()));
  const begun = bridge.push(peer, ["slow"], get());
  await node.packet("request");
  const { stream } = await node.packet("request");
  node.send(response(stream));
  const body = (await begun).body!.getReader();
  node.send(data(stream));
  await body.read();
  await isLate(body.read());
  node.send(data(stream)); // what comes too late is dropped
  node.send(response(stream - 2));
  await works(bridge, node, "good");
});

Deno.test("a service that is not there any more is another one's matter", async () => {
  await using bridge = await startBridge();
  await using node = await RawFlatend.offering(bridge.port, "a");
  const asked = bridge.push(await offering(bridge, "a"), ["a"], get());
  const { stream } = await node.packet("request");
  node.send(response(stream, false));
  await rejects(asked, (error: FlatendError) => error.reason === "unhandled" && error.nothingDone);
});

Deno.test("an answer that is not as long as it says breaks", async () => {
  await using bridge = await startBridge();
  await using node = await RawFlatend.offering(bridge.port, "a");
  const peer = await offering(bridge, "a");
  for (const [told, isRight] of [["4", false], ["6", false], ["5", true], ["-", true]] as const) {
    const asked = bridge.push(peer, ["a"], get());
    await answer(node, "hello", [["Content-Length", told]]);
    const text = (await asked).text();
    if (isRight) equal(await text, "hello");
    else await rejects(text, (error: FlatendError) => error.reason === "broken");
  }
});

Deno.test("a request's body that broke off gets no end, and after many such the connection is begun anew", async () => {
  await using bridge = await startBridge();
  await using node = await RawFlatend.offering(bridge.port, "a");
  const peer = await offering(bridge, "a");
  for (let i = 0; i < flatendLimits.broken; i++) {
    const controller = new AbortController();
    const init = { method: "POST", body: endless(5), signal: controller.signal };
    const asked = bridge.push(peer, ["a"], new Request("http://a/", init));
    equal((await node.packet("data")).bytes.byteLength, 5);
    controller.abort();
    await rejects(asked, { name: "AbortError" });
  }
  await node.closed;
});

Deno.test("a peer that leaves breaks the bodies of what it asked, and lets go of what answers it", async () => {
  const asked = Promise.withResolvers<Request>();
  await using bridge = await startBridge({
    offered: () => ["ours"],
    call(_, request) {
      asked.resolve(request);
      return Promise.resolve(new Response(request.body));
    },
  });
  await using node = await RawFlatend.offering(bridge.port);
  node.send(request(0));
  node.send(data(0));
  const { signal } = await asked.promise;
  await node.packet("data");
  node.socket.destroy();
  await until("it is aborted", () => signal.aborted);
  await until("the node is gone", () => bridge.peers.length === 0);
});

Deno.test("an answer that nobody reads holds up its connection for a while, and is given up", async () => {
  await using bridge = await startBridge({ clock: fast });
  await using node = await RawFlatend.offering(bridge.port, "flood", "good");
  const peer = await offering(bridge, "flood");
  const asked = bridge.push(peer, ["flood"], get());
  const { stream } = await node.packet("request");
  node.send(response(stream));
  for (let sent = 0; sent < 4 * flatendLimits.streamBytes; sent += 2000) node.send(data(stream, 2000));
  const unread = await asked;
  await works(bridge, node, "good");
  await rejects(unread.text(), (error: FlatendError) => error.reason === "broken");
});

Deno.test("an answer that is read slowly is whole", async () => {
  await using bridge = await startBridge();
  await using node = await RawFlatend.offering(bridge.port, "flood");
  const asked = bridge.push(await offering(bridge, "flood"), ["flood"], get());
  const { stream } = await node.packet("request");
  node.send(response(stream));
  const pieces = Math.ceil(8 * flatendLimits.streamBytes / 2000);
  for (let i = 0; i < pieces; i++) node.send(data(stream, 2000));
  node.send(data(stream, 0));
  let came = 0;
  for await (const chunk of (await asked).body!) {
    came += chunk.byteLength;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  equal(came, pieces * 2000);
});

Deno.test("a peer that takes nothing is cut off, and what was sent to it stops", async () => {
  await using bridge = await startBridge({ clock: fast });
  await using node = await RawFlatend.offering(bridge.port, "a");
  const peer = await offering(bridge, "a");
  node.socket.pause();
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  const asked = bridge.push(peer, ["a"], new Request("http://a/", { method: "POST", body }));
  await rejects(within("it is given up", asked), (error: FlatendError) => error.reason === "broken");
  ok(pulled < 50_000_000, `${pulled} bytes were taken`);
});

Deno.test("more requests than a peer may have under way are refused", async () => {
  await using bridge = await startBridge();
  await using _node = await RawFlatend.offering(bridge.port, "a");
  const peer = await offering(bridge, "a");
  const controller = new AbortController();
  const under = Array.from({ length: flatendLimits.streams }, () => {
    return bridge.push(peer, ["a"], new Request("http://a/", { signal: controller.signal })).catch(() => {});
  });
  await rejects(bridge.push(peer, ["a"], get()), (error: FlatendError) => error.reason === "busy" && error.nothingDone);
  controller.abort();
  await Promise.all(under);
});

Deno.test("a request whose head is too long is refused, and sent to nobody", async () => {
  await using bridge = await startBridge();
  await using node = await RawFlatend.offering(bridge.port, "a");
  const peer = await offering(bridge, "a");
  for (const query of ["x".repeat(70_000), `${"n".repeat(300)}=1`, Array(5).fill("y".repeat(60_000)).join("&")]) {
    await rejects(bridge.push(peer, ["a"], new Request(`http://a/?${query}`)), { status: 431 });
  }
  await works(bridge, node, "a");
});

Deno.test("an answer of ours whose head is too long is told as such", async () => {
  await using bridge = await startBridge({
    offered: () => ["ours"],
    call: () => Promise.resolve(new Response("lost", { headers: { x: "y".repeat(70_000) } })),
  });
  await using node = await RawFlatend.offering(bridge.port);
  node.send(request(0));
  deepEqual((await node.packet("response")).fields[0], ["status", "502"]);
});

Deno.test("an answer of ours that breaks off gets no end", async () => {
  await using bridge = await startBridge({
    offered: () => ["ours", "whole"],
    call: ([service]) => {
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
        if (service === "whole") controller.close();
        else controller.error(new Error("broken"));
      };
      const start = (controller: ReadableStreamDefaultController<Uint8Array>) => controller.enqueue(new Uint8Array(5));
      return Promise.resolve(new Response(new ReadableStream({ start, pull }, { highWaterMark: 0 })));
    },
  });
  await using node = await RawFlatend.offering(bridge.port);
  node.send(request(0));
  equal((await node.packet("data")).bytes.byteLength, 5);
  node.send({ ...request(2), services: ["whole"] });
  const pieces = [await node.packet("data"), await node.packet("data")];
  deepEqual(pieces.map(({ stream, bytes }) => [stream, bytes.byteLength]), [[2, 5], [2, 0]]);
});

Deno.test("a signal closes the bridge, and its nodes are let go of with no reset", async () => {
  const controller = new AbortController();
  await using bridge = await startBridge({ signal: controller.signal });
  await using node = await RawFlatend.offering(bridge.port, "a");
  let hasEnded = false;
  node.socket.on("end", () => hasEnded = true);
  const asked = bridge.push(await offering(bridge, "a"), ["a"], get());
  await node.packet("request");
  controller.abort();
  await rejects(asked, (error: FlatendError) => error.reason === "broken");
  await node.closed;
  ok(hasEnded);
});
