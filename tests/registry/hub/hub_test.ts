/** What clients of a hub do, and what it answers over HTTP. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { RegistryError } from "../../../src/registry/registry_error.ts";
import { connect, next, RawClient, seen, startHub } from "../../support/registry_hub.ts";
import { RawClient as HttpClient } from "../../support/raw_client.ts";
import { within } from "../../support/within.ts";

const httpOf = (url: string | undefined) => url!.replace(/^ws/, "http");

Deno.test("a service is found by role and range as long as its client is connected", async () => {
  await using hub = await startHub();
  await using visitor = await connect(hub);
  const shop = await connect(hub);
  const { service } = await shop.register("web@1.2.3", { port: 4000, colour: "red" });
  deepEqual(service, { id: service.id, role: "web", version: "1.2.3", host: "127.0.0.1", port: 4000, colour: "red" });
  deepEqual(await visitor.get("web@1.2.x"), [service]);
  deepEqual(visitor.query("web@2.x"), []);
  deepEqual(hub.query("web"), [service]);
  await shop.close();
  deepEqual(await seen(visitor, "web", (found) => found.length === 0), []);
});

Deno.test("get() waits for the first match, and ends with its signal", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  const waiting = client.get("web@1.x");
  await client.register("web@2.0.0", { port: 1 });
  const { service } = await client.register("web@1.0.0", { port: 2 });
  deepEqual(await waiting, [service]);
  const leaving = new AbortController();
  const never = client.get("mail", { signal: leaving.signal });
  leaving.abort(new Error("enough"));
  await rejects(never, /enough/);
});

Deno.test("versions are found newest first, and services without one too", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  for (const name of ["web@1.2.0", "web@1.10.0", "web", "web@1.2.0-rc.1", "web@0.9.0"]) {
    await client.register(name, { port: 1 });
  }
  const versions = (pattern?: string) => hub.query(pattern).map(({ version }) => version);
  deepEqual(versions("web"), ["1.10.0", "1.2.0", "1.2.0-rc.1", "0.9.0", undefined]);
  deepEqual(versions("web@1.x"), ["1.10.0", "1.2.0"]);
  deepEqual(versions(), ["1.10.0", "1.2.0", "1.2.0-rc.1", "0.9.0", undefined]);
});

Deno.test("its owner changes and frees a service, and everybody sees it", async () => {
  await using hub = await startHub();
  await using owner = await connect(hub);
  await using visitor = await connect(hub);
  const registration = await owner.register("web@1.0.0", { port: 5000, load: 1, host: "10.1.2.3" });
  const changed = await registration.set({ load: 2 });
  deepEqual({ ...changed }, { ...registration.service });
  equal(registration.host, "10.1.2.3");
  const [found] = await seen(visitor, "web", ([service]) => service?.load === 2);
  equal(found.port, 5000);
  await registration.free();
  await seen(visitor, "web", (services) => services.length === 0);
  await rejects(registration.free(), (error) => error instanceof RegistryError && error.code === "unknown");
});

Deno.test("a port is handed out that is free, within the range, and never twice", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  const held = [0, 1].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = await Promise.all(
    Array.from({ length: 20 }, () => client.register("web", { range: [21_000, 21_060] })),
  );
  equal(new Set(ports.map(({ port }) => port)).size, 20);
  ok(ports.every(({ port }) => port >= 21_000 && port <= 21_060));
  const taken = held[0].addr.port;
  await rejects(client.register("web", { range: [taken, taken] }), /port/);
  equal(client.query("web").filter(({ port }) => port === taken).length, 0);
  for (const listener of held) listener.close();
});

Deno.test("a watcher is told what there is, then each change, in its order", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  await client.register("web@1.0.0", { id: "a", port: 1 });
  const told: unknown[] = [];
  const leaving = new AbortController();
  const watching = (async () => {
    for await (const event of hub.watch("web@1.x", { signal: leaving.signal })) {
      told.push(event.type === "snapshot" ? event.services.map(({ id }) => id) : [event.type, event.service.id]);
      if (told.length === 4) leaving.abort();
    }
  })();
  await client.register("web@2.0.0", { id: "other", port: 2 });
  await client.register("web@1.1.0", { id: "b", port: 2 });
  await client.set("b", { x: 1 });
  await client.free("a");
  await within("four events", watching);
  deepEqual(told, [["a"], ["register", "b"], ["update", "b"], ["free", "a"]]);
});

Deno.test("GET /services answers with an index, and waits for a later one", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  const ask = (query: string) => fetch(`${httpOf(hub.url)}/services${query}`);
  const none = await ask("?role=web@1.x");
  deepEqual(await none.json(), []);
  const index = none.headers.get("registry-index");
  const waiting = ask(`?role=web@1.x&wait=20s&index=${index}`);
  await client.register("web@1.0.0", { id: "a", port: 1 });
  const found = await within("the answer", waiting);
  deepEqual((await found.json()).map(({ id }: { id: string }) => id), ["a"]);
  ok(Number(found.headers.get("registry-index")) > Number(index));
  // Nothing comes: the answer is the same after the wait.
  const again = await ask(`?role=web@1.x&wait=50ms&index=${found.headers.get("registry-index")}`);
  equal(again.headers.get("registry-index"), found.headers.get("registry-index"));
  equal((await again.json()).length, 1);
  for (
    const bad of [
      "?role=web@:",
      "?wait=soon&index=1",
      "?index=x",
      "?role=a%20b",
      "?wait=30s",
      "?rolle=web",
      "?role=a&role=b",
    ]
  ) {
    const refused = await ask(bad);
    equal(refused.status, 400, bad);
    match((await refused.json()).detail, /./);
  }
  const misspelt = await (await ask("/watch?rolle=web")).json();
  equal(misspelt.detail, 'There is no parameter "rolle": known is role');
  const posted = await fetch(`${httpOf(hub.url)}/services`, { method: "POST", body: "{}" });
  equal(posted.status, 405);
  equal(posted.headers.get("allow"), "GET, HEAD");
  await posted.body?.cancel();
});

Deno.test("/services/watch tells services as server-sent events", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  await client.register("web@1.0.0", { id: "a", port: 1 });
  const response = await fetch(`${httpOf(hub.url)}/services/watch?role=web`);
  equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const until = async (pattern: RegExp) => {
    while (!pattern.test(text)) text += (await within(`${pattern} in ${text}`, reader.read())).value;
  };
  await until(/event: snapshot\nid: \d+\ndata: \[\{"id":"a".*\]\n\n/);
  await client.register("web@1.1.0", { id: "b", port: 2 });
  await until(/event: register\nid: \d+\ndata: \{"id":"b"/);
  await client.free("b");
  await until(/event: free\nid: \d+\ndata: \{"id":"b"/);
  await reader.cancel();
});

Deno.test("/health says how the hub is, and unknown paths what there is", async () => {
  await using hub = await startHub();
  await using _client = await connect(hub);
  const health = await (await fetch(`${httpOf(hub.url)}/health`)).json();
  deepEqual(health, { status: "ok", hub: hub.id, services: 0, clients: 1, peers: 0 });
  const unknown = await fetch(`${httpOf(hub.url)}/nothing`);
  equal(unknown.status, 404);
  await unknown.body?.cancel();
  const plain = await fetch(`${httpOf(hub.url)}/registry`);
  equal(plain.status, 426);
  await plain.body?.cancel();
});

Deno.test("a query token is asked of whoever looks, over HTTP and WebSocket", async () => {
  await using hub = await startHub({ queryToken: "open-sesame" });
  const bare = await fetch(`${httpOf(hub.url)}/services`);
  equal(bare.status, 401);
  await bare.body?.cancel();
  const health = await fetch(`${httpOf(hub.url)}/health`);
  equal(health.status, 200);
  await health.body?.cancel();
  const headers = { authorization: "Bearer open-sesame" };
  deepEqual(await (await fetch(`${httpOf(hub.url)}/services`, { headers })).json(), []);
  await rejects(connect(hub), (error) => error instanceof RegistryError && error.code === "unauthorized");
  await using _client = await connect(hub, { token: "open-sesame" });
});

Deno.test("pages of other places reach a hub neither over HTTP nor over WebSocket", async () => {
  await using hub = await startHub();
  const origin = "https://evil.example";
  const refused = await fetch(`${httpOf(hub.url)}/services`, { headers: { origin } });
  equal(refused.status, 403);
  await refused.body?.cancel();
  await using page = new RawClient(hub.url!, { origin });
  await rejects(page.next("hub"), /Closed/);
  await using ours = new RawClient(hub.url!, { origin: "http://localhost:8080" });
  await ours.next("hub");
  // A name that a stranger lets point to this machine: the browser sends it as the page's own.
  await using rebound = new RawClient(hub.url!, { host: "evil.example:80", origin: "http://evil.example:80" });
  await rejects(rebound.next("hub"), /Closed/);
});

Deno.test("events tell of clients that come and go, and of services", async () => {
  await using hub = await startHub();
  const connected = next(hub, "connect");
  const registered = next(hub, "register");
  const client = await connect(hub);
  deepEqual(await connected, { address: "127.0.0.1", kind: "client" });
  await client.register("web", { id: "a", port: 1 });
  equal((await registered).id, "a");
  const freed = next(hub, "free");
  const gone = next(hub, "disconnect");
  await client.close();
  equal((await freed).id, "a");
  equal((await gone).kind, "client");
});

Deno.test("a hub whose signal aborts while it starts does not run, and its port is free", async () => {
  const other = await startHub();
  const port = other.port!;
  await other.close();
  const ended = new AbortController();
  const starting = startHub({ port, signal: ended.signal });
  ended.abort(new Error("enough"));
  await rejects(starting, /enough/);
  await using again = await startHub({ port });
  equal(again.port, port);
});

Deno.test("times of a hub that its clients would not take are refused", async () => {
  const times = [[50.5, 200], [49, 200], [100, 100], [1000, Infinity], [1000, NaN]];
  for (const [heartbeatMs, timeoutMs] of times) await rejects(startHub({ heartbeatMs, timeoutMs }), RangeError);
});

Deno.test("a hub answers under the name by which it is known, and under no other", async () => {
  await using hub = await startHub({ advertise: "hub.example" });
  const statusFor = async (host: string) => {
    using raw = await HttpClient.connect(httpOf(hub.url));
    await raw.send(`GET /services HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return (await raw.head()).status;
  };
  equal(await statusFor(`hub.example:${hub.port}`), 200);
  equal(await statusFor("HUB.example"), 200);
  equal(await statusFor(`evil.example:${hub.port}`), 403);
});
