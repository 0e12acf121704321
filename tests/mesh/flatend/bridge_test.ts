/** The wire of flatend, as it should not be spoken: each mistake ends one connection, and hurts nobody else. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { LogFields } from "../../../src/log.ts";
import { type Clock, systemClock } from "../../../src/mesh/clock.ts";
import type { FlatendBridge } from "../../../src/mesh/flatend/bridge.ts";
import type { FlatendError } from "../../../src/mesh/flatend/flatend_error.ts";
import { readFound, writePacket } from "../../../src/mesh/flatend/packets.ts";
import { newIdentity } from "../../../src/mesh/identity.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { offering, startBridge } from "../../support/mesh/flatend.ts";
import { ManualClock } from "../../support/mesh/manual_clock.ts";
import { forged, RawFlatend, signed } from "../../support/mesh/raw_flatend.ts";
import { until, within } from "../../support/within.ts";

/** Time that goes twenty times as fast. */
const fast: Clock = { ...systemClock, after: (ms, call) => systemClock.after(ms / 20, call) };

const get = () => new Request("http://a/");
const FIRST = 0x80000000;

/** A body of so many bytes, of which the end never comes. */
function endless(bytes: number): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(bytes)) });
}

/** Answers the request that comes next. */
async function answer(node: RawFlatend, body: string, fields: [string, string][] = []): Promise<number> {
  const { stream } = await node.packet("request");
  node.send({ type: "response", stream, handled: true, fields });
  node.send({ type: "data", stream, bytes: new TextEncoder().encode(body) });
  node.send({ type: "data", stream, bytes: new Uint8Array() });
  return stream;
}

/** The node's service answers. */
async function works(bridge: FlatendBridge, node: RawFlatend, service: string): Promise<void> {
  const response = bridge.push(await offering(bridge, service), [service], get());
  await answer(node, "works");
  equal(await (await response).text(), "works");
}

const request = (stream: number) => ({ type: "request", stream, services: ["ours"], fields: [] }) as const;
const data = (stream: number, bytes = 10) => ({ type: "data", stream, bytes: new Uint8Array(bytes) }) as const;
const response = (stream: number, handled = true) => ({ type: "response", stream, handled, fields: [] }) as const;

/** What a node does that it may not, and what is said of it. */
const MISTAKES: Record<string, { does(node: RawFlatend): void; said: RegExp; greets?: false }> = {
  "a wrong signature": {
    does: (node) => node.send({ type: "handshake", handshake: forged(["a"]) }, 1),
    said: /signature/,
    greets: false,
  },
  "a packet before the handshake": {
    does: (node) => node.send(request(0)),
    said: /before the handshake/,
    greets: false,
  },
  "a question without a number": {
    does: (node) => node.send({ type: "find", target: new Uint8Array(32) }),
    said: /has the number 0/,
  },
  "a packet with a number that is no question": { does: (node) => node.send(data(0), 3), said: /has the number 3/ },
  "a reply to what was never asked": { does: (node) => node.send(data(0), 2), said: /never asked/ },
  "a frame that can't be decrypted": {
    does: (node) => node.socket.write(Uint8Array.of(0, 0, 0, 40, ...new Uint8Array(40))),
    said: /can't be decrypted/,
  },
  "a frame that is too long": { does: (node) => node.socket.write(Uint8Array.of(0xff, 0, 0, 0)), said: /bytes, not/ },
  "a frame that is too short": { does: (node) => node.socket.write(new Uint8Array(4)), said: /bytes, not/ },
  "an opcode that there is not": { does: (node) => node.sendMessage(Uint8Array.of(5, 0)), said: /unknown opcode 5/ },
  "a packet with something left over": {
    does: (node) => node.sendMessage(Uint8Array.of(...writePacket(data(0)), 1)),
    said: /left over/,
  },
  "too large a piece of a body": {
    does: (node) => node.sendMessage(Uint8Array.of(3, 0, 0, 0, 0, 8, 1, ...new Uint8Array(2049))),
    said: /2049 bytes/,
  },
  "two requests with one id": {
    does: (node) => [request(2), request(2)].forEach((packet) => node.send(packet)),
    said: /Two requests have the id 2/,
  },
  "a request with an id of ours": { does: (node) => node.send(request(FIRST)), said: /one of ours/ },
  "a piece of a request that is not under way": { does: (node) => node.send(data(8)), said: /not under way/ },
  "an answer to a request never made": { does: (node) => node.send(response(FIRST)), said: /never made/ },
  "a piece of an answer never asked for": { does: (node) => node.send(data(FIRST + 2)), said: /never made/ },
  "another id than before": {
    does(node) {
      node.send({ type: "handshake", handshake: signed(newIdentity(), []) }, 3);
      node.send({ type: "handshake", handshake: signed(newIdentity(), []) }, 5);
    },
    said: /another one than before/,
  },
  "more requests than may be under way": {
    does(node) {
      for (let i = 0; i <= meshLimits.flatendStreams; i++) node.send(request(2 * i));
    },
    said: /requests are under way/,
  },
};

for (const [name, { does, said, greets = true }] of Object.entries(MISTAKES)) {
  Deno.test(`${name} ends the connection of whoever sends it, and no other one`, async () => {
    const reasons: (LogFields | undefined)[] = [];
    await using bridge = await startBridge({
      offered: () => ["ours"],
      call: (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      log: (level, _, fields) => level === "warn" && reasons.push(fields),
    });
    await using good = await RawFlatend.offering(bridge.port, "good");
    await using bad = await RawFlatend.exchanged(bridge.port);
    if (greets) await bad.greet([]);
    does(bad);
    await bad.closed;
    equal(reasons.length, 1);
    match(String(reasons[0]!.reason), said);
    await works(bridge, good, "good");
  });
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
    clock.pass(meshLimits.flatendIdleMs);
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
  for (let i = 0; i < meshLimits.flatendBroken; i++) {
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
  for (let sent = 0; sent < 4 * meshLimits.flatendStreamBytes; sent += 2000) node.send(data(stream, 2000));
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
  const pieces = Math.ceil(8 * meshLimits.flatendStreamBytes / 2000);
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
  const under = Array.from({ length: meshLimits.flatendStreams }, () => {
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
