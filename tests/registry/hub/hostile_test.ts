/** What comes in at a hub that should not: it is refused with a reason, and nobody else notices. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { newKeyPair } from "../../../src/net/keys.ts";
import type { RegistryError, RegistryErrorCode } from "../../../src/registry/registry_error.ts";
import type { Greeting } from "../../../src/registry/wire/messages.ts";
import { helloText, signText } from "../../../src/registry/wire/seal.ts";
import { connect, next, RawClient, startHub } from "../../support/registry_hub.ts";
import { within } from "../../support/within.ts";

const hasCode = (code: RegistryErrorCode) => (error: unknown) => (error as RegistryError).code === code;

/** What is said before, or instead of, a hello. */
const beforeHello: [name: string, text: string | Uint8Array, reason: RegExp][] = [
  ["broken JSON", '{"type":', /JSON/],
  ["no object", "17", /object/],
  ["an array of no objects", "[1,2]", /object/],
  ["no type", "{}", /type/],
  ["bytes", new Uint8Array([1, 2, 3]), /text frame/],
  ["a request before the hello", '{"type":"free","request":1,"id":"a"}', /hello/],
  ["another version", '{"type":"hello","version":2,"kind":"client","incarnation":1}', /Version 2/],
  ["no kind", '{"type":"hello","version":1,"incarnation":1}', /kind/],
  ["no incarnation", '{"type":"hello","version":1,"kind":"client","incarnation":-1}', /incarnation/],
  ["a key that is none", '{"type":"hello","version":1,"kind":"client","incarnation":1,"key":"AAAA"}', /key/],
  [
    "a hub without a key",
    '{"type":"hello","version":1,"kind":"hub","incarnation":1,"hub":"x","start":1,"challenge":"c","time":1}',
    /key none/,
  ],
  ["deep nesting", "[".repeat(100_000) + "]".repeat(100_000), /./],
];

for (const [name, text, reason] of beforeHello) {
  Deno.test(`a hub refuses ${name} instead of a hello, and says why`, async () => {
    await using hub = await startHub();
    await using bystander = await connect(hub);
    await using raw = new RawClient(hub.url!);
    await raw.next("hub");
    raw.send(text);
    match(String((await raw.next("refused")).message), reason);
    equal(await raw.closed, 1008);
    await bystander.register("web", { id: "a", port: 1 });
  });
}

/** What is said after a good hello, to end the connection. */
const afterHello: [name: string, message: unknown][] = [
  ["an unknown type", { type: "explode", request: 1 }],
  ["no request number", { type: "free", id: "a" }],
  ["a number that is none", { type: "free", request: "1", id: "a" }],
  ["no id", { type: "set", request: 1, service: {} }],
  ["no service", { type: "register", request: 1, service: [] }],
  ["a second hello", { type: "hello", version: 1, kind: "client", incarnation: 1 }],
  ["words of hubs", { type: "full", hub: "x", start: 1, counter: 1, beat: 1, rows: [] }],
  ["a seal where none is asked for", { type: "sealed", body: "{}", signature: "" }],
];

for (const [name, message] of afterHello) {
  Deno.test(`a hub ends the connection of a client that says ${name}`, async () => {
    await using hub = await startHub();
    await using bystander = await connect(hub);
    const rejected = next(hub, "reject");
    await using raw = new RawClient(hub.url!);
    await raw.hello();
    raw.send(message);
    equal((await raw.next("refused")).code, "protocol");
    equal(await raw.closed, 1008);
    equal((await rejected).error.code, "protocol");
    await bystander.register("web", { id: "a", port: 1 });
  });
}

/** Services that can't be. */
const badServices: [name: string, service: Record<string, unknown>, reason: RegExp][] = [
  ["no role", { id: "a", port: 1 }, /role/],
  ["a role with a space", { id: "a", role: "a b", port: 1 }, /role/],
  ["a version that is none", { id: "a", role: "web", version: "1.2", port: 1 }, /1\.2.*semantic version/],
  ["port 0", { id: "a", role: "web", port: 0 }, /port/],
  ["a port as text", { id: "a", role: "web", port: "80" }, /port/],
  ["port 65536", { id: "a", role: "web", port: 65536 }, /port/],
  ["an id with a slash", { id: "../a", role: "web", port: 1 }, /id/],
  ["a host that is a URL", { id: "a", role: "web", port: 1, host: "http://x/" }, /host/],
  ["too much metadata", { id: "a", role: "web", port: 1, x: "x".repeat(limits.registryMetadataChars) }, /metadata/],
  ["a check that is none", { id: "a", role: "web", port: 1, check: { http: "x", everyMs: 1000 } }, /check/],
];

Deno.test("services that can't be are refused each by its own answer, and the connection goes on", async () => {
  await using hub = await startHub();
  await using raw = new RawClient(hub.url!);
  await raw.hello();
  for (const [i, [name, service, reason]] of badServices.entries()) {
    raw.send({ type: "register", request: i + 1, service });
    const refused = await raw.next("refused");
    deepEqual([refused.request, refused.code], [i + 1, "invalid"], name);
    match(String(refused.message), reason, name);
  }
  raw.send('{"type":"register","request":90,"service":{"id":"p","role":"web","port":1,"__proto__":{"role":"x"}}}');
  equal((await raw.next("refused")).request, 90);
  raw.send({ type: "register", request: 91, service: { id: "awaited", role: "web", port: 1, awaiting: true } });
  equal(((await raw.next("done")).service as { awaiting?: true }).awaiting, undefined);
  equal(hub.query().length, 1);
});

Deno.test("a frame of 10 MB ends its connection, and takes no memory", async () => {
  await using hub = await startHub();
  await using bystander = await connect(hub);
  await using raw = new RawClient(hub.url!);
  await raw.hello();
  raw.send({ type: "register", request: 1, service: { id: "big", role: "web", port: 1, x: "x".repeat(10_000_000) } });
  equal(await raw.closed, 1009);
  deepEqual(hub.query("web"), []);
  await bystander.register("web", { id: "a", port: 1 });
});

Deno.test("of 100,000 registrations over one connection the first 10,000 are taken", async () => {
  await using hub = await startHub();
  await using raw = new RawClient(hub.url!);
  await raw.hello();
  const most = limits.registryServicesOfClient;
  for (let from = 0; from < 100_000; from += 1000) {
    raw.send(Array.from({ length: 1000 }, (_, i) => {
      const request = from + i + 1;
      return { type: "register", request, service: { id: `s${request}`, role: "many", port: 1 } };
    }));
  }
  let refused = await raw.next("refused");
  deepEqual([refused.request, refused.code], [most + 1, "limit"]);
  while (refused.request !== 100_000) refused = await raw.next("refused");
  equal(hub.query("many").length, most);
  raw.cut();
  await next(hub, "disconnect");
  equal(hub.query("many").length, 0);
});

Deno.test("an id that another owner has is refused, and only its owner changes or frees it", async () => {
  await using hub = await startHub();
  await using owner = await connect(hub);
  await using other = await connect(hub);
  await owner.register("web@1.0.0", { id: "mine", port: 1 });
  await rejects(other.register("web@1.0.0", { id: "mine", port: 2 }), hasCode("taken"));
  await rejects(owner.register("web@1.0.0", { id: "mine", port: 2 }), hasCode("taken"));
  await rejects(other.set("mine", {}), hasCode("not-owner"));
  await rejects(other.free("mine"), hasCode("not-owner"));
  await rejects(other.free("nobody's"), hasCode("unknown"));
  deepEqual(hub.query("web").map(({ id, port }) => [id, port]), [["mine", 1]]);
  await other.register("web@1.0.0", { port: 3 });
});

Deno.test("a client that never says hello is let go", async () => {
  await using hub = await startHub();
  const sockets = await Promise.all(Array.from({ length: 50 }, async () => {
    const raw = new RawClient(hub.url!);
    await raw.next("hub");
    return raw;
  }));
  for (const raw of sockets) raw.cut();
  await using client = await connect(hub);
  await client.register("web", { id: "a", port: 1 });
  const health = await (await fetch(`${hub.url!.replace("ws", "http")}/health`)).json();
  equal(health.clients, 1);
});

Deno.test("a client that asks and takes no answers is cut off before they fill the memory", async () => {
  await using hub = await startHub();
  // A socket that is not read: clients of libraries read all the time.
  const socket = await openByHand(hub.url!);
  await socket.write(frame(JSON.stringify({ type: "hello", version: 1, kind: "client", incarnation: 1 })));
  const gone = next(hub, "disconnect");
  const requests = frame(
    `[${Array.from({ length: 1000 }, (_, i) => `{"type":"free","request":${i},"id":"${"x".repeat(200)}"}`).join()}]`,
  );
  try {
    for (let sent = 0; sent < 400; sent++) await writeAll(socket, requests);
  } catch { /* cut off */ }
  await gone;
  ok(Deno.memoryUsage().rss < 1_500_000_000);
  socket.close();
});

Deno.test("a client that is refused and does not answer has nothing registered any more, and is cut off", async () => {
  await using hub = await startHub();
  await using bystander = await connect(hub);
  using socket = await openByHand(hub.url!);
  const [key, incarnation] = [newKeyPair(), Date.now()];
  const greeting = await greetingOf(socket);
  const signature = signText(key, helloText(greeting.hub, greeting.challenge, { kind: "client", incarnation }));
  const hello = { type: "hello", version: 1, kind: "client", key: key.spki, signature, incarnation };
  const service = { id: "a", role: "web", port: 1 };
  await writeAll(socket, frame(JSON.stringify([hello, { type: "register", request: 1, service }])));
  await bystander.get("web");
  const freed = next(bystander, "free");
  const sentAt = performance.now();
  await writeAll(socket, frame("broken"));
  await freed;
  ok(performance.now() - sentAt < limits.registryCloseMs / 2);
  const buffer = new Uint8Array(65_536);
  const ended = async () => {
    while (await socket.read(buffer).catch(() => null) !== null);
  };
  await within("the hub cuts it off", ended(), 5 * limits.registryCloseMs);
});

/** A WebSocket made by hand, which answers nothing by itself. */
async function openByHand(url: string): Promise<Deno.TcpConn> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  await socket.write(
    new TextEncoder().encode(
      "GET /registry HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ),
  );
  return socket;
}

async function greetingOf(socket: Deno.Conn): Promise<Greeting> {
  let text = "";
  const buffer = new Uint8Array(65_536);
  while (!text.endsWith("}")) text += new TextDecoder().decode(buffer.subarray(0, (await socket.read(buffer))!));
  return JSON.parse(text.slice(text.indexOf("{")));
}

async function writeAll(socket: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
}

/** A text frame of a client, masked with zeros. */
function frame(text: string): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(text);
  const made = new Uint8Array(payload.length + (payload.length > 65_535 ? 14 : 8));
  const view = new DataView(made.buffer);
  if (payload.length > 65_535) {
    made.set([0x81, 0x80 | 127]);
    view.setBigUint64(2, BigInt(payload.length));
  } else {
    made.set([0x81, 0x80 | 126]);
    view.setUint16(2, payload.length);
  }
  made.set(payload, made.length - payload.length);
  return made;
}

Deno.test("what is said under a key that does not sign it is refused", async () => {
  await using hub = await startHub();
  await using raw = new RawClient(hub.url!);
  const greeting = await raw.next("hub");
  raw.send({
    ...{ type: "hello", version: 1, kind: "client", incarnation: greeting.time },
    ...{ key: newKeyPair().spki, signature: btoa("x".repeat(64)) },
  });
  equal((await raw.next("refused")).code, "signature");
  equal(await raw.closed, 1008);
});
