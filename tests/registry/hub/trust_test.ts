/** Hubs that know who may change services: keys, signatures, replays, clocks. */

import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { type KeyPair, newKeyPair } from "../../../src/net/keys.ts";
import type { Hub } from "../../../src/registry/hub/hub.ts";
import type { RegistryError, RegistryErrorCode } from "../../../src/registry/registry_error.ts";
import { Sealer } from "../../../src/registry/wire/seal.ts";
import { connect, next, RawClient, seen, startHub } from "../../support/registry_hub.ts";

const HOUR_MS = 3_600_000;
const rsa = newKeyPair("rsa");
const hasCode = (code: RegistryErrorCode) => (error: unknown) => (error as RegistryError).code === code;

/** A hub that knows a key of each kind, an admin, and nobody else. */
async function closedHub(): Promise<{ hub: Hub; key: KeyPair; admin: KeyPair }> {
  const [key, admin] = [newKeyPair(), newKeyPair()];
  const authorized = [{ key }, { key: rsa }, { key: admin, isAdmin: true }];
  return { hub: await startHub({ authorized }), key, admin };
}

const service = (id: string) => ({ type: "register", service: { id, role: "web", port: 1 } });

for (const [name, pick] of [["Ed25519", (key: KeyPair) => key], ["RSA", () => rsa]] as const) {
  Deno.test(`a client with an authorized ${name} key registers, changes and frees`, async () => {
    const { hub, key } = await closedHub();
    await using _hub = hub;
    await using client = await connect(hub, { key: pick(key) });
    const registration = await client.register("web@1.0.0", { port: 1 });
    await registration.set({ x: 1 });
    deepEqual(hub.query("web").map(({ x }) => x), [1]);
    await registration.free();
    deepEqual(hub.query("web"), []);
  });
}

Deno.test("whoever has no key that the hub knows looks for services, and changes none", async () => {
  const { hub, key } = await closedHub();
  await using _hub = hub;
  await using owner = await connect(hub, { key });
  await owner.register("web@1.0.0", { id: "a", port: 1 });
  await using stranger = await connect(hub);
  equal(stranger.query("web").length, 1);
  const rejected = next(hub, "reject");
  await rejects(stranger.register("web@1.0.0", { port: 1 }), hasCode("unauthorized"));
  equal((await rejected).error.code, "unauthorized");
  await rejects(stranger.free("a"), hasCode("unauthorized"));
  await using bare = new RawClient(hub.url!);
  const greeting = await bare.next("hub");
  bare.send({ type: "hello", version: 1, kind: "client", incarnation: greeting.time });
  await bare.next("welcome");
  bare.send({ ...service("b"), request: 1 });
  match(String((await bare.next("refused")).message), /needs a key/);
  equal(hub.query("web").length, 1);
});

Deno.test("a key that is authorized later may change services from its next connection on", async () => {
  const { hub } = await closedHub();
  await using _hub = hub;
  const key = newKeyPair();
  hub.authorize({ key });
  await using client = await connect(hub, { key });
  await client.register("web", { port: 1 });
  await using open = await startHub();
  throws(() => open.authorize({ key }), /everybody may change/);
});

Deno.test("an owner's services are its own, and an admin's key changes those of all", async () => {
  const { hub, key, admin } = await closedHub();
  await using _hub = hub;
  await using owner = await connect(hub, { key });
  await using other = await connect(hub, { key: rsa });
  await using keeper = await connect(hub, { key: admin });
  await owner.register("web@1.0.0", { id: "a", port: 1 });
  await rejects(other.set("a", { x: 1 }), hasCode("not-owner"));
  await rejects(other.free("a"), hasCode("not-owner"));
  equal((await keeper.set("a", { x: 2 })).x, 2);
  await owner.set("a", { x: 3 });
  await keeper.free("a");
  deepEqual(hub.query("web"), []);
});

Deno.test("what is not signed, or by another key, ends the connection", async () => {
  const { hub, key } = await closedHub();
  await using _hub = hub;
  for (const wrong of ["unsigned", "other key", "changed"]) {
    await using raw = new RawClient(hub.url!);
    const greeting = await raw.hello(key);
    const sealer = new Sealer(wrong === "other key" ? rsa : key, greeting.challenge, Date.now);
    const sealed = sealer.seal({ ...service("a"), request: 1 });
    if (wrong === "unsigned") raw.send({ ...service("a"), request: 1 });
    else if (wrong === "other key") raw.send(sealed);
    else raw.send({ ...sealed, body: sealed.body.replace('"port":1', '"port":2') });
    equal((await raw.next("refused")).code, "signature", wrong);
    if (wrong !== "unsigned") equal(await raw.closed, 1008);
  }
  deepEqual(hub.query("web"), []);
});

Deno.test("what was signed is worth nothing a second time, or on another connection", async () => {
  const { hub, key } = await closedHub();
  await using _hub = hub;
  await using first = new RawClient(hub.url!);
  const greeting = await first.hello(key);
  const sealed = new Sealer(key, greeting.challenge, Date.now).seal({ ...service("a"), request: 1 });
  first.send(sealed);
  await first.next("done");
  await using second = new RawClient(hub.url!);
  await second.hello(key);
  second.send(sealed);
  equal((await second.next("refused")).code, "replay");
  const rejected = next(hub, "reject");
  first.send(sealed);
  equal((await first.next("refused")).code, "replay");
  equal((await rejected).error.code, "replay");
  equal(await first.closed, 1008);
});

Deno.test("a hello of another connection lets nobody in", async () => {
  const { hub, key } = await closedHub();
  await using _hub = hub;
  await using raw = new RawClient(hub.url!);
  const greeting = await raw.hello(key);
  await using thief = new RawClient(hub.url!);
  await thief.next("hub");
  thief.send({
    ...{ type: "hello", version: 1, kind: "client", key: key.spki, incarnation: greeting.time },
    signature: btoa("stolen"),
  });
  equal((await thief.next("refused")).code, "signature");
});

Deno.test("what was signed an hour ago, or ahead, is refused, and the reason says so", async () => {
  const { hub, key } = await closedHub();
  await using _hub = hub;
  for (const [offMs, words] of [[-HOUR_MS, /3600 s in the past/], [HOUR_MS, /3600 s in the future/]] as const) {
    await using raw = new RawClient(hub.url!);
    const greeting = await raw.hello(key);
    raw.send(new Sealer(key, greeting.challenge, () => Date.now() + offMs).seal({ ...service("a"), request: 1 }));
    const refused = await raw.next("refused");
    equal(refused.code, "clock");
    match(String(refused.message), words);
  }
});

Deno.test("a client whose clock is an hour off works, for it signs by the hub's", async () => {
  const { hub, key } = await closedHub();
  await using _hub = hub;
  for (const offMs of [-HOUR_MS, HOUR_MS]) {
    await using client = await connect(hub, { key, clock: () => Date.now() + offMs });
    await client.register("web", { port: 1 });
  }
});

Deno.test("hubs that know who may change services take only each other's admin keys for peers", async () => {
  const [one, two, stranger] = [newKeyPair(), newKeyPair(), newKeyPair()];
  const key = newKeyPair();
  const authorized = [{ key }, ...[one, two].map((key) => ({ key, isAdmin: true }))];
  await using first = await startHub({ key: one, authorized });
  await using second = await startHub({ key: two, authorized, peers: [first.url!] });
  await using client = await connect(first, { key });
  await client.register("web@1.0.0", { id: "a", port: 1 });
  await seen(second, "web", (services) => services.length === 1);
  const rejected = next(first, "reject");
  await using third = await startHub({ key: stranger, authorized, peers: [first.url!] });
  equal((await rejected).error.code, "unauthorized");
  deepEqual(third.query("web"), []);
  // A key that may register is no key of a hub.
  const again = next(first, "reject");
  await using fourth = await startHub({ key, authorized, peers: [first.url!] });
  equal((await again).error.code, "unauthorized");
  deepEqual(fourth.query("web"), []);
});

Deno.test("hubs that ask for one token show it to each other", async () => {
  const queryToken = "open-sesame";
  await using first = await startHub({ queryToken });
  await using second = await startHub({ queryToken, peers: [first.url!] });
  await first.register("web", { id: "a", port: 1 });
  equal((await seen(second, "web", ([service]) => service !== undefined))[0].id, "a");
});
