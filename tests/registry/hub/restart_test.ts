/** What outlives a hub, and what its clients do meanwhile. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { connectRegistry } from "../../../src/registry/connect_registry.ts";
import { newKeyPair } from "../../../src/net/keys.ts";
import { connect, next, RawClient, seen, startHub } from "../../support/registry_hub.ts";
import { within } from "../../support/within.ts";

const fast = { heartbeatMs: 100, timeoutMs: 400 };

async function folder(): Promise<AsyncDisposable & { readonly dir: string }> {
  const dir = await Deno.makeTempDir({ prefix: "sluice-registry-" });
  return { dir, [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }) };
}

Deno.test("after a restart services are awaited, and dropped when nobody comes back for them", async () => {
  await using place = await folder();
  const first = await startHub({ ...fast, dir: place.dir });
  const raw = new RawClient(first.url!);
  await raw.hello();
  raw.send({ type: "register", request: 1, service: { id: "a", role: "web", version: "1.0.0", port: 1, x: [1] } });
  await raw.next("done");
  await first.close();
  await raw.closed;
  await using second = await startHub({ ...fast, dir: place.dir });
  equal(second.id, first.id);
  const [awaited] = second.query("web@1.x");
  deepEqual({ ...awaited }, {
    x: [1],
    id: "a",
    role: "web",
    version: "1.0.0",
    host: "127.0.0.1",
    port: 1,
    awaiting: true,
  });
  equal((await next(second, "free")).id, "a");
  deepEqual(second.query("web"), []);
  await raw[Symbol.asyncDispose]();
});

Deno.test("a client comes back to its hub with the same id and port, and is awaited no more", async () => {
  await using place = await folder();
  const first = await startHub({ ...fast, dir: place.dir });
  const port = first.port!;
  await using client = connectRegistry(first.url!);
  const registration = await client.register("web@1.0.0", { x: 1 });
  await registration.set({ x: 2 });
  const frees: unknown[] = [];
  client.addEventListener("free", ({ detail }) => frees.push(detail));
  await first.close();
  await using second = await startHub({ ...fast, dir: place.dir, port });
  const [service] = await seen(second, "web", ([service]) => service && !service.awaiting);
  deepEqual([service.id, service.port, service.x], [registration.id, registration.port, 2]);
  await seen(client, "web", ([service]) => service !== undefined);
  deepEqual(frees, []);
});

Deno.test("what is awaited belongs to its owner", async () => {
  await using place = await folder();
  const key = newKeyPair();
  const first = await startHub({ dir: place.dir });
  const raw = new RawClient(first.url!);
  await raw.hello(key);
  raw.send({ type: "register", request: 1, service: { id: "a", role: "web", port: 1 } });
  await raw.next("done");
  await first.close();
  await raw[Symbol.asyncDispose]();
  await using second = await startHub({ dir: place.dir });
  await using stranger = await connect(second);
  await rejects(stranger.register("web", { id: "a", port: 2 }), /another owner/);
  await rejects(stranger.free("a"), /another owner/);
  await using owner = await connect(second, { key });
  const { service } = await owner.register("web", { id: "a", port: 3 });
  deepEqual({ ...service }, { id: "a", role: "web", host: "127.0.0.1", port: 3 });
});

Deno.test("one process at a time has the folder of a hub", async () => {
  await using place = await folder();
  await using _hub = await startHub({ dir: place.dir });
  await rejects(startHub({ dir: place.dir }), Deno.errors.Busy);
});

Deno.test("a hub whose folder can't be made says so, and leaves nothing open", async () => {
  await using place = await folder();
  await Deno.writeTextFile(`${place.dir}/file`, "");
  await rejects(startHub({ dir: `${place.dir}/file/below` }));
});

Deno.test("what was registered is asked for again when a connection breaks before the answer", async () => {
  await using hub = await startHub();
  const { port } = hub;
  await hub.close();
  await using client = connectRegistry(`127.0.0.1:${port}`);
  const registering = client.register("web@1.0.0", { id: "early" });
  const waiting = client.get("web");
  await next(client, "unreachable");
  await using late = await startHub({ port });
  equal((await within("the registration", registering)).id, "early");
  equal((await within("the first match", waiting))[0].id, "early");
  ok(late.query("web").length === 1);
});

Deno.test("a client that is closed frees its services and refuses all else", async () => {
  await using hub = await startHub();
  const client = await connect(hub);
  await client.register("web", { id: "a" });
  const waiting = rejects(client.get("mail"), /closed/);
  const watching = client.watch("web")[Symbol.asyncIterator]();
  await watching.next();
  const ending = watching.next();
  const gone = next(hub, "free");
  await client.close();
  equal((await gone).id, "a");
  await waiting;
  equal((await ending).done, true);
  await rejects(client.register("web"), /closed/);
  await client.close();
});
