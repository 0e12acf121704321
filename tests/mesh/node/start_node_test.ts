/** Nodes over real sockets. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { newIdentity } from "../../../src/mesh/identity.ts";
import { MeshError } from "../../../src/mesh/mesh_error.ts";
import type { MeshNode } from "../../../src/mesh/node/mesh_node.ts";
import { startNode } from "../../../src/mesh/start_node.ts";
import { newKeyPair } from "../../../src/net/keys.ts";
import { until, within } from "../../support/within.ts";

const listen = "127.0.0.1:0";
const hello = () => new Response("hello");
const get = () => new Request("http://service/");

/** Calls until somebody offers the service. */
async function ask(node: MeshNode, service: string, init?: RequestInit): Promise<string> {
  let text = "";
  await until(`${service} answers`, async () => {
    const response = await node.fetch(service, new Request("http://service/", init)).catch(() => undefined);
    text = await response?.text() ?? "";
    return response !== undefined;
  });
  return text;
}

Deno.test("a node calls a service of another one by its name", async () => {
  await using server = await startNode({
    listen,
    services: {
      "greet@1.2.0": async (request, info) =>
        new Response(`Hello, ${await request.text()}, from ${info?.remoteAddr?.hostname}`, { status: 201 }),
    },
  });
  await using laptop = await startNode({ join: server.addresses });
  const request = new Request("http://greet/", { method: "POST", body: "Ada" });
  const response = await laptop.fetch("greet@^1", request, { info: { remoteAddr: { hostname: "1.2.3.4" } } });
  deepEqual([response.status, await response.text()], [201, "Hello, Ada, from 1.2.3.4"]);
  const [provider] = await laptop.providersFor("greet@1.x");
  deepEqual([provider.id, provider.version, provider.addresses], [server.id, "1.2.0", server.addresses]);
  deepEqual(await laptop.providersFor("greet@2"), []);
  await rejects(laptop.fetch("greet@2", get()), { status: 503 });
  await rejects(laptop.fetch("nobody", get()), { status: 503 });
  await rejects(laptop.fetch("No Name", get()), TypeError);
});

Deno.test("one that listens nowhere is reached by the node that it has joined, from both sides", async () => {
  await using server = await startNode({ listen, services: { up: hello } });
  await using laptop = await startNode({ join: server.addresses, services: { down: hello } });
  await using other = await startNode({ join: server.addresses });
  equal(await ask(server, "down"), "hello");
  equal(await ask(other, "down"), "hello");
  equal(await ask(laptop, "up"), "hello");
  const [provider] = await other.providersFor("down");
  deepEqual([provider.addresses, provider.relays], [[], [server.id]]);
});

Deno.test("calls go on while others look whether their node is where it says", async () => {
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return new Response("slow");
  };
  await using server = await startNode({ listen, services: { slow } });
  for (let i = 0; i < 10; i++) {
    await using laptop = await startNode({ listen, join: server.addresses });
    const texts = Array.from({ length: 10 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i));
      return await (await laptop.fetch("slow", get())).text();
    });
    deepEqual(await Promise.all(texts), Array(10).fill("slow"));
  }
});

Deno.test("large bodies go both ways through a node in between", async () => {
  await using server = await startNode({ listen });
  await using _laptop = await startNode({
    join: server.addresses,
    services: { echo: (request) => new Response(request.body) },
  });
  await using other = await startNode({ join: server.addresses });
  await ask(other, "echo");
  const body = new Uint8Array(8 * 1024 * 1024).map((_, i) => i * 31 >> 4);
  const response = await other.fetch("echo", new Request("http://echo/", { method: "POST", body }));
  deepEqual(await response.bytes(), body);
});

Deno.test("the first of several services that is there takes the call", async () => {
  await using server = await startNode({ listen, services: { "new@2.0.0": () => new Response("new"), old: hello } });
  await using laptop = await startNode({ join: server.addresses });
  await ask(laptop, "old");
  const asked = async (...services: string[]) => await (await laptop.fetch(services, get())).text();
  equal(await asked("nobody", "new@^3", "new@^2", "old"), "new");
  equal(await asked("new@^3", "old"), "hello");
});

Deno.test("a node's own services answer without a connection, as those of others do", async () => {
  await using node = await startNode({
    services: {
      hello,
      broken: () => {
        throw new Error("secret");
      },
    },
  });
  equal(await (await node.fetch("hello", get())).text(), "hello");
  const response = await node.fetch("broken", get());
  equal(response.status, 500);
  ok(!(await response.text()).includes("secret"));
});

Deno.test("services are offered and withdrawn while a node runs", async () => {
  await using server = await startNode({ listen });
  await using laptop = await startNode({ join: server.addresses });
  server.offer("late@1.0.0", hello);
  equal(await ask(laptop, "late"), "hello");
  await server.withdraw("late@1.0.0");
  await rejects(laptop.fetch("late", get()), { status: 503 });
  server.offer("late@1.0.1", hello);
  equal(await ask(laptop, "late@^1"), "hello");
});

Deno.test("a node that was not allowed does not come in, and is told so", async () => {
  const key = newKeyPair();
  await using server = await startNode({ listen, services: { hello }, allow: [newIdentity().id] });
  const parts: Error[] = [];
  await using stranger = await startNode({});
  stranger.addEventListener("part", ({ detail }) => parts.push(detail.error));
  await stranger.start({ join: server.addresses });
  match(parts[0].message, /refuses/);
  equal((parts[0] as MeshError).code, "refused");
  await rejects(stranger.joined(), MeshError);
  await rejects(stranger.fetch("hello", get()), { status: 503 });
  const { id } = await startNode({ key }).then(async (node) => {
    await node.close();
    return node;
  });
  await using other = await startNode({ listen, services: { hello }, allow: [id] });
  await using friend = await startNode({ join: other.addresses, key });
  equal(await ask(friend, "hello"), "hello");
});

Deno.test("nor one without the network's key, or with another one", async () => {
  const networkKey = crypto.getRandomValues(new Uint8Array(32));
  await using server = await startNode({ listen, services: { hello }, networkKey });
  await using friend = await startNode({ join: server.addresses, networkKey });
  equal(await ask(friend, "hello"), "hello");
  for (const key of [undefined, crypto.getRandomValues(new Uint8Array(32))]) {
    await using stranger = await startNode({ join: server.addresses, networkKey: key });
    await rejects(stranger.joined(), MeshError);
    await rejects(stranger.fetch("hello", get()), { status: 503 });
  }
  await rejects(startNode({ networkKey: new Uint8Array(31) }), TypeError);
});

Deno.test("a node that is told only its own address is the first of its mesh", async () => {
  await using first = await startNode({ listen });
  const parts: string[] = [];
  first.addEventListener("part", ({ detail }) => parts.push(detail.error.message));
  await first.start({ join: first.addresses });
  await first.joined();
  deepEqual(parts, []);
  await using second = await startNode({ join: first.addresses, services: { hello } });
  equal(await ask(first, "hello"), "hello");
  await second.joined();
});

Deno.test("a node that listens at all hosts is found at one of them", async () => {
  await using server = await startNode({ listen: "0.0.0.0:0", services: { hello } });
  const port = new URL(server.addresses[0]).port;
  await using laptop = await startNode({ join: `127.0.0.1:${port}` });
  equal(await ask(laptop, "hello"), "hello");
  await until("its address is told", async () => {
    const [provider] = await laptop.providersFor("hello");
    return provider.addresses.includes(`tcp://127.0.0.1:${port}`);
  });
});

Deno.test("a start that fails leaves nothing behind", async () => {
  await using server = await startNode({ listen });
  const taken = server.addresses[0].slice("tcp://".length);
  await rejects(startNode({ listen: [listen, taken] }), Deno.errors.AddrInUse);
  await rejects(startNode({ listen, join: "no address" }), TypeError);
  await rejects(startNode({ services: { "not a name": hello } }), TypeError);
  await rejects(startNode({ signal: AbortSignal.abort() }), { name: "AbortError" });
});

Deno.test("a signal closes a node, and whoever calls then is told", async () => {
  const stop = new AbortController();
  const node = await startNode({ listen, services: { hello }, signal: stop.signal });
  await using laptop = await startNode({ join: node.addresses });
  equal(await ask(laptop, "hello"), "hello");
  stop.abort();
  await within("the node closes", node.close());
  await rejects(laptop.fetch("hello", get()), (error: { status: number }) => error.status >= 502);
});

Deno.test("a call that is given up, or late, ends at both nodes", async () => {
  const gone = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  await using server = await startNode({
    listen,
    services: {
      slow: (request) => {
        request.signal.addEventListener("abort", () => gone.resolve());
        begun.resolve();
        return new Promise<Response>(() => {});
      },
    },
  });
  await using laptop = await startNode({ join: server.addresses });
  await until("it is known", async () => (await laptop.providersFor("slow")).length > 0);
  const stop = new AbortController();
  const called = rejects(laptop.fetch("slow", new Request(get(), { signal: stop.signal })), { name: "AbortError" });
  await within("the service is called", begun.promise);
  stop.abort();
  await called;
  await within("the service hears of it", gone.promise);
  await rejects(laptop.fetch("slow", get(), { timeoutMs: 50 }), { status: 504 });
  await rejects(laptop.fetch("slow", get(), { idleTimeoutMs: 50 }), { status: 504 });
});

Deno.test("events tell of the mesh, on the node and on its property alike", async () => {
  await using server = await startNode({ listen });
  await using laptop = await startNode({ listen, services: { hello } });
  const heard: string[] = [];
  for (const name of ["join", "open", "reach", "announce", "close"] as const) {
    laptop.addEventListener(name, () => heard.push(name));
  }
  const announced = Promise.withResolvers<void>();
  laptop.addEventListener("announce", ({ detail }) => detail.keepers > 0 && announced.resolve());
  await laptop.start({ join: server.addresses });
  await within("others know", announced.promise);
  await server.close();
  await until("the session has ended", () => heard.includes("close"));
  for (const name of ["join", "open", "reach", "announce"]) ok(heard.includes(name), name);
});
