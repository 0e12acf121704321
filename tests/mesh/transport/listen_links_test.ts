/** Who comes to a listener, and what becomes of it. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { dialLink } from "../../../src/mesh/transport/dial_link.ts";
import { kindOf } from "../../../src/mesh/transport/first_bytes.ts";
import { listenLinks } from "../../../src/mesh/transport/listen_links.ts";
import { until } from "../../support/within.ts";
import { startListener } from "./pairs.ts";
import { RawClient } from "./raw_client.ts";
import { bytesOf, Tape } from "./tape.ts";

const UPGRADE = "GET /mesh HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async function closed(...tapes: readonly Tape[]): Promise<void> {
  for (const tape of tapes) tape.destroy();
  for (const tape of tapes) await tape.closed();
}

Deno.test("the first bytes tell what a connection is for", () => {
  equal(kindOf(bytesOf("")), undefined);
  for (const text of ["\0", "\0\x20abc", "\x03\xff", "\x04\0"]) equal(kindOf(Uint8Array.from(text, codeOf)), "link");
  for (const text of ["G", "GE", "GET"]) equal(kindOf(bytesOf(text)), undefined);
  for (const text of ["GET ", "GET / HTTP/1.1"]) equal(kindOf(bytesOf(text)), "http");
  for (const text of ["\x05", "\x16\x03\x01", "POST / HTTP/1.1", "GX", "GETS", "SSH-2.0"]) {
    equal(kindOf(bytesOf(text)), "unknown");
  }
});

function codeOf(character: unknown): number {
  return String(character).charCodeAt(0);
}

Deno.test("a link is there with its first byte, with all that comes, and with who it is from", async () => {
  const hosts: string[] = [];
  await using listener = await startListener({ onLink: (_, { remoteHost }) => hosts.push(remoteHost) });
  using client = await RawClient.connect(listener);
  await client.say(Uint8Array.of(0));
  const tape = new Tape(await listener.next()).open();
  await tape.got(1);
  await client.say("abc");
  await tape.got(4);
  tape.write("good day");
  tape.end();
  equal(await client.rest(), "good day");
  deepEqual([hosts, tape.link.remoteHost], [["127.0.0.1"], "127.0.0.1"]);
  equal(tape.text, "\0abc");
  equal(listener.address, `tcp://127.0.0.1:${listener.port}`);
  await closed(tape);
});

Deno.test("a WebSocket comes byte by byte, too", async () => {
  await using listener = await startListener();
  using client = await RawClient.connect(listener);
  for (const character of UPGRADE + "\r\n") {
    await client.say(character);
    if ("GET ".includes(character)) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  // A masked message of three bytes, whose mask is zero.
  await client.say(Uint8Array.of(0x82, 0x83, 0, 0, 0, 0, 97, 98, 99));
  const tape = new Tape(await listener.next()).open();
  await tape.got(3);
  equal(tape.text, "abc");
  await closed(tape);
  match(await client.rest(), /^HTTP\/1.1 101 /);
});

Deno.test("whoever is in a hurry loses nothing of what comes with the first bytes", async () => {
  await using listener = await startListener();
  // Masked, with a mask that is zero, and a length of eight bytes.
  const frame = new Uint8Array(14 + 3 * 65_536);
  frame.set([0x82, 0xff, 0, 0, 0, 0, 0, 3]);
  const frames = new Uint8Array(10 * frame.byteLength);
  for (let at = 0; at < frames.byteLength; at += frame.byteLength) frames.set(frame, at);
  const kinds = [
    { first: new Uint8Array(1), rest: new Uint8Array(2_000_000), length: 2_000_001 },
    { first: bytesOf(UPGRADE + "\r\n"), rest: frames, length: 10 * 3 * 65_536 },
  ];
  for (let round = 0; round < 20; round++) {
    const { first, rest, length } = kinds[round % 2];
    using client = await RawClient.connect(listener);
    const said = new Uint8Array(first.byteLength + rest.byteLength);
    said.set(first);
    said.set(rest, first.byteLength);
    const saying = client.say(said);
    const tape = new Tape(await listener.next()).open();
    await tape.got(length);
    await saying;
    equal(tape.received, length);
    await closed(tape);
  }
});

Deno.test("text, and a message that is too long, end a WebSocket with an error", async () => {
  await using listener = await startListener();
  for (const frame of [Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 97), Uint8Array.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0)]) {
    using client = await RawClient.connect(listener);
    await client.say(UPGRADE + "\r\n");
    const tape = new Tape(await listener.next()).open();
    await client.say(frame);
    await client.rest();
    await tape.closed();
    ok(tape.error);
    equal(tape.received, 0);
  }
});

Deno.test("plain HTTP is told what is here", async () => {
  await using listener = await startListener();
  const response = await fetch(`http://127.0.0.1:${listener.port}/any`);
  deepEqual([response.status, response.headers.get("upgrade")], [426, "websocket"]);
  equal((await response.json()).detail, "Here is a node of a mesh, which takes WebSockets");
  equal(listener.links.length, 0);
});

Deno.test("a page of a browser is refused", async () => {
  await using listener = await startListener();
  using client = await RawClient.connect(listener);
  await client.say(UPGRADE + "Origin: http://evil.example\r\n\r\n");
  match(await client.rest(), /^HTTP\/1.1 403 /);
  equal(listener.links.length, 0);
});

Deno.test("garbage, and HTTP that is none, end their connections only", async () => {
  await using listener = await startListener();
  const said = [
    "POST / HTTP/1.1\r\n\r\n",
    "\x16\x03\x01\x02\0",
    "GET \0\0\r\n\r\n",
    `GET / HTTP/1.1\r\na: ${"b".repeat(40_000)}`,
  ];
  for (const text of [...said, UPGRADE.replace("13", "12") + "\r\n"]) {
    using client = await RawClient.connect(listener);
    await client.say(text).catch(() => {}); // it may have ended it by now
    ok(!(await client.rest()).includes("101"));
  }
  equal(listener.links.length, 0);
  const tape = new Tape(await dialLink(`ws://127.0.0.1:${listener.port}/`)).open();
  await closed(tape, new Tape(await listener.next()).open());
});

Deno.test("silence, a slow head and a slow reader of an answer are given up", async () => {
  await using listener = await startListener({ firstBytesMs: 150 });
  using silent = await RawClient.connect(listener);
  using hesitant = await RawClient.connect(listener);
  using slow = await RawClient.connect(listener);
  await hesitant.say("GE");
  await slow.say(UPGRADE);
  const drip = setInterval(() => slow.say("x").catch(() => {}), 20); // it has ended by then
  deepEqual(await Promise.all([silent.rest(), hesitant.rest(), slow.rest()]), ["", "", ""]);
  clearInterval(drip);
});

Deno.test("a link may be silent for as long as it likes", async () => {
  await using listener = await startListener({ firstBytesMs: 30 });
  const near = [];
  for (const protocol of ["tcp", "ws"]) {
    const tape = new Tape(await dialLink(`${protocol}://127.0.0.1:${listener.port}`)).open();
    tape.write("\0");
    near.push(tape);
  }
  const far = [new Tape(await listener.next()).open(), new Tape(await listener.next()).open()];
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const tape of far) tape.write("good day");
  for (const tape of near) await tape.got(8);
  await closed(...near, ...far);
});

Deno.test("connections beyond the bound are ended, and there is room again when others have gone", async () => {
  await using listener = await startListener({ connections: 3 });
  const clients = [];
  for (let i = 0; i < 3; i++) clients.push(await RawClient.connect(listener));
  await clients[0].say(Uint8Array.of(0));
  await clients[1].say(UPGRADE + "\r\n");
  const far = [new Tape(await listener.next()).open(), new Tape(await listener.next()).open()];
  using late = await RawClient.connect(listener);
  equal(await late.rest(), "");
  for (const client of clients) client[Symbol.dispose]();
  await Promise.all(far.map((tape) => tape.closed()));
  let near: Tape | undefined;
  await until("there is room again", async () => {
    near = await dialLink(`ws://127.0.0.1:${listener.port}`).then((link) => new Tape(link).open(), () => undefined);
    return near !== undefined;
  });
  await closed(near!, new Tape(await listener.next()).open());
});

Deno.test("a thousand connections come at once, and each is its own", async () => {
  await using listener = await startListener();
  const echoes: Tape[] = [];
  const address = `127.0.0.1:${listener.port}`;
  const near = await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
    const tape = new Tape(await dialLink(i % 10 === 0 ? `ws://${address}` : address)).open();
    tape.write(`\0${i}`);
    return tape;
  }));
  for (let i = 0; i < 1000; i++) {
    const tape = new Tape(await listener.next());
    tape.take = (bytes) => tape.link.write(bytes);
    echoes.push(tape.open());
  }
  await Promise.all(near.map((tape, i) => tape.got(1 + String(i).length)));
  deepEqual(near.map(({ text }) => text), Array.from({ length: 1000 }, (_, i) => `\0${i}`));
  await closed(...near, ...echoes);
});

Deno.test("a port that is taken is an error of its own kind", async () => {
  await using listener = await startListener();
  await rejects(listenLinks({ port: listener.port, onLink() {} }), Deno.errors.AddrInUse);
});

Deno.test("a listener that is closed takes nothing, and leaves the links that it gave", async () => {
  const controller = new AbortController();
  const listener = await startListener({ signal: controller.signal });
  const address = `ws://127.0.0.1:${listener.port}/`;
  const near = new Tape(await dialLink(address)).open();
  const far = new Tape(await listener.next()).open();
  using undecided = await RawClient.connect(listener);
  await undecided.say("GE");
  controller.abort();
  await listener.close();
  equal(await undecided.rest(), "");
  await rejects(dialLink(address), { name: "MeshError", code: "unreachable" });
  near.write("still here");
  await far.got(10);
  await closed(near, far);
  await rejects(listenLinks({ onLink() {}, signal: controller.signal }), { name: "AbortError" });
});
