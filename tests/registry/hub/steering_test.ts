/** Attempts to steer where clients and hubs go, and to take ids: over the wire, by other hubs, and in between. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { newKeyPair } from "../../../src/net/keys.ts";
import { Origin } from "../../../src/registry/federation/origin.ts";
import { Replica } from "../../../src/registry/federation/replica.ts";
import type { RegistryError } from "../../../src/registry/registry_error.ts";
import { helloText, signText } from "../../../src/registry/wire/seal.ts";
import { makeFolder } from "../../support/folder.ts";
import { connect, RawClient, seen, startHub } from "../../support/registry_hub.ts";
import { within } from "../../support/within.ts";

const everyMs = limits.registryCheckMsMin;
const hasCode = (code: string) => (error: unknown) => (error as RegistryError).code === code;

Deno.test("ids of hubs are given to nobody else", async () => {
  await using hub = await startHub();
  await using other = await startHub();
  await using client = await connect(hub);
  for (const id of [`registry-${other.id}`, `registry-${hub.id}`, `seaport-${other.id}`, "registry-x"]) {
    await rejects(client.register("registry@1.0.0", { id, port: 6666, host: "evil.example" }), hasCode("taken"));
  }
  // The role may be had, and nobody is sent there.
  await client.register("registry@1.0.0", { id: "mine", port: 6666, host: "evil.example" });
  await using raw = new RawClient(hub.url!);
  await raw.next("hub");
  raw.send({ type: "hello", version: 1, kind: "client", incarnation: 1 });
  deepEqual((await raw.next("welcome")).hubs, []);
});

Deno.test("a hello of a hub in which somebody has changed who it is lets nobody in", async () => {
  const key = newKeyPair();
  await using hub = await startHub({ authorized: [{ key, isAdmin: true }] });
  const us = { hub: "real", start: 5, challenge: "theirs", time: Date.now() };
  for (const change of [{}, { hub: "other" }, { start: 2 ** 52 }, { challenge: "c" }, { time: us.time + 1 }]) {
    await using raw = new RawClient(hub.url!);
    const greeting = await raw.next("hub");
    const said = { kind: "hub", incarnation: 5, ...us } as const;
    const signature = signText(key, helloText(String(greeting.hub), String(greeting.challenge), said));
    raw.send({ type: "hello", version: 1, key: key.spki, signature, ...said, ...change });
    if (Object.keys(change).length === 0) await raw.next("welcome");
    else equal((await raw.next("refused")).code, "signature", JSON.stringify(change));
  }
});

Deno.test("the id of a service that does not answer stays its owner's, at all hubs", async () => {
  await using first = await startHub();
  await using second = await startHub({ peers: [first.url!] });
  await using owner = await connect(first);
  await using stranger = await connect(second);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await owner.register("db", { id: "db1", port, check: { tcp: true, everyMs } });
  await seen(second, "db", (services) => services.length === 1);
  listener.close();
  await seen(second, "db", (services) => services.length === 0);
  await rejects(stranger.register("db", { id: "db1", port: 1 }), hasCode("taken"));
  const again = Deno.listen({ hostname: "127.0.0.1", port });
  await seen(second, "db", ([service]) => service?.port === port);
  again.close();
});

Deno.test("a hub that is made of a copy of another one's data is not taken for that one", async () => {
  await using folder = await makeFolder();
  const first = await startHub({ dir: folder.file("a") });
  await first.close();
  await Deno.mkdir(folder.file("b"));
  for (const { name } of Deno.readDirSync(folder.file("a"))) {
    await Deno.copyFile(`${folder.file("a")}/${name}`, `${folder.file("b")}/${name}`);
  }
  await using original = await startHub({ dir: folder.file("a") });
  const told = Promise.withResolvers<string>();
  const log = (_level: string, message: string) => told.resolve(message);
  await using copy = await startHub({ dir: folder.file("b"), peers: [original.url!], log });
  equal(copy.id, original.id);
  match(await within("the log says so", told.promise), /has the id of this hub/);
});

Deno.test("what can't be called is not advertised, and what others advertise harms nobody", async () => {
  for (const advertise of ["10.0.0.1:9090", "fe80::1%eth0", "http://x", "a b", ""]) {
    await rejects(startHub({ advertise }), TypeError, advertise);
  }
  await using hub = await startHub({ advertise: "fd00::7" });
  equal(hub.query("registry")[0].host, "fd00::7");
});

Deno.test("no more origins are taken up than peers could be told of", () => {
  const effects = { send: () => {}, show: () => {}, lose: () => {} };
  const replica = new Replica<string>({ hub: "us", start: 1, timeoutMs: 1000, now: 0, effects });
  for (let i = 0; i < limits.registryHubs + 100; i++) {
    const { standing } = new Origin({ hub: `h${i}`, start: 1, counter: 1, beat: 1 }, 0);
    replica.receive("peer", { type: "full", ...standing, rows: [] }, 0);
  }
  equal(replica.origins.length, limits.registryHubs);
});
