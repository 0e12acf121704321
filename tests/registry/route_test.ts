/** Requests that go to services by name: which instance has them, and what happens when one or all are gone. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { route, type RouteHandler, type RouteOptions, type ServicePick } from "../../src/registry/route.ts";
import type { Service, ServiceFinder } from "../../src/registry/service.ts";
import { seen } from "../support/ask.ts";
import { listen, type Listening } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { rawUpstream } from "../support/upstream.ts";
import { until, within } from "../support/within.ts";

/** A registry in memory, whose patterns are plain roles. */
class Services implements ServiceFinder {
  readonly #services: Service[] = [];
  readonly #waiting = new Set<() => void>();

  /** Those that wait for a service now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  add(role: string, port: number, host = "127.0.0.1"): Service {
    const service = { id: `${role} ${this.#services.length}`, role, host, port };
    this.#services.push(service);
    for (const wake of this.#waiting) wake();
    return service;
  }

  query(pattern?: string): readonly Service[] {
    return this.#services.filter(({ role }) => role === pattern);
  }

  async get(pattern: string, { signal }: { signal?: AbortSignal } = {}): Promise<readonly Service[]> {
    for (;;) {
      signal?.throwIfAborted();
      const found = this.query(pattern);
      if (found.length > 0) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      signal?.addEventListener("abort", () => resolve());
      await promise;
      this.#waiting.delete(resolve);
    }
  }
}

/** A front that routes. */
async function front(
  services: ServiceFinder,
  options: RouteOptions = {},
  pick: ServicePick = () => "web",
): Promise<Listening> {
  const handler: RouteHandler = route(services, pick, options);
  const server = await listen(handler, { upgrade: true });
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      handler[Symbol.dispose]();
    },
  };
}

function portOf({ url }: Listening): number {
  return Number(new URL(url).port);
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

Deno.test("a request goes to an instance of its service, and is told as the client's", async () => {
  await using instance = await listen((request) => {
    return new Response(`${request.url} ${request.headers.get("x-forwarded-for")}`);
  });
  const services = new Services();
  services.add("web", portOf(instance));
  await using server = await front(services);
  deepEqual(await seen(`${server.url}/a?b`), { status: 200, body: `${server.url}/a?b 127.0.0.1` });
});

Deno.test("a request without a service is a 404, and one whose service is not there a 503", async () => {
  await using server = await front(
    new Services(),
    {},
    ({ url }) => url.endsWith("/web") ? "web" : undefined,
  );
  equal((await seen(server.url)).status, 404);
  const response = await fetch(`${server.url}/web`);
  deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
  match(response.headers.get("content-type")!, /problem\+json/);
  equal((await response.json()).status, 503);
});

Deno.test("a request may wait for its service, but not for ever, and not without its client", async () => {
  await using instance = await listen(() => new Response("there"));
  const services = new Services();
  await using server = await front(services, { waitMs: 60_000 });
  const gone = new AbortController();
  const left = fetch(server.url, { signal: gone.signal }).catch(() => "left");
  await until("it waits", () => services.waiting === 1);
  gone.abort();
  equal(await left, "left");
  await until("nobody waits", () => services.waiting === 0);
  const asked = seen(server.url);
  await until("it waits", () => services.waiting === 1);
  services.add("web", portOf(instance));
  deepEqual(await asked, { status: 200, body: "there" });
  await using impatient = await front(new Services(), { waitMs: 50 });
  equal((await seen(impatient.url)).status, 503);
});

Deno.test("those who wait are let go when the handler is disposed", async () => {
  const services = new Services();
  const handler = route(services, () => "web", { waitMs: 60_000 });
  const asked = handler(new Request("http://x/"));
  await until("it waits", () => services.waiting === 1);
  handler[Symbol.dispose]();
  equal((await within("an answer", asked)).status, 503);
});

Deno.test("when one can't be reached another has the request, with its whole body", async () => {
  await using instance = await listen((request) => new Response(request.body));
  const services = new Services();
  services.add("web", await freePort());
  services.add("web", portOf(instance));
  await using server = await front(services, { random: () => 0, avoidMs: 60_000 });
  const body = "x".repeat(1_000_000);
  deepEqual(await seen(server.url, { method: "POST", body }), { status: 200, body });
  deepEqual(await seen(server.url, { method: "POST", body }), { status: 200, body });
});

Deno.test("only so many are tried, none of them twice, and then it is a 502", async () => {
  await using instance = await listen(() => new Response("there"));
  const services = new Services();
  for (let i = 0; i < 3; i++) services.add("web", await freePort());
  services.add("web", portOf(instance));
  await using impatient = await front(services, { random: () => 0, tries: 3 });
  const { status, body } = await seen(impatient.url);
  equal(status, 502);
  ok(!body.includes("127.0.0.1"), body);
  await using patient = await front(services, { random: () => 0, tries: 4 });
  equal((await seen(patient.url)).status, 200);
  services.add("one", await freePort());
  await using single = await front(services, { tries: 100 }, () => "one");
  equal((await seen(single.url)).status, 502);
});

Deno.test("a request that was sent is not sent again, whatever becomes of it", async () => {
  for (const [status, words] of [[502, undefined], [504, ""]] as const) {
    await using first = await rawUpstream(({ socket }) => void (words === undefined && socket.destroy()));
    await using second = await rawUpstream(() => {});
    const services = new Services();
    services.add("web", first.port);
    services.add("web", second.port);
    await using server = await front(services, { random: () => 0, headMs: 200 });
    equal((await seen(server.url)).status, status);
    equal(first.connections.length + second.connections.length, 1);
  }
});

Deno.test("a request counts as under way until its answer has ended, and a tunnel until it is closed", async () => {
  const names: string[] = [];
  const release = Promise.withResolvers<void>();
  const make = (name: string) =>
    rawUpstream((connection) => {
      if (!connection.received.endsWith("\r\n\r\n")) return;
      names.push(name);
      if (connection.received.includes("websocket")) {
        connection.socket.write("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
      } else if (connection.received.includes("/slow")) {
        connection.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npa");
        release.promise.then(() => connection.socket.write("rt"));
      } else {
        connection.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      }
      connection.received = "";
    });
  await using a = await make("a");
  await using b = await make("b");
  const services = new Services();
  services.add("web", a.port);
  services.add("web", b.port);
  await using server = await front(services, { random: () => 0 }); // the first, unless it has more to do

  using tunnel = await RawClient.connect(server.url);
  await tunnel.send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  equal((await tunnel.head()).status, 101);
  await seen(server.url);
  deepEqual(names.splice(0), ["a", "b"]);

  const slow = await fetch(`${server.url}/slow`); // on b: one each
  await seen(server.url);
  deepEqual(names.splice(0), ["b", "a"]);
  tunnel[Symbol.dispose]();
  await until("the tunnel is closed", () => a.connections[0].isClosed);
  const slower = await fetch(`${server.url}/slow`); // one each again
  deepEqual(names.splice(0), ["a"]);
  release.resolve();
  equal(await slow.text(), "part");
  equal(await slower.text(), "part");
  await seen(server.url);
  deepEqual(names.splice(0), ["a"]);
});

Deno.test("WebSockets reach a service, and try another when the first can't be reached", async () => {
  await using upstream = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(`echo ${data}`);
    return response;
  });
  const services = new Services();
  services.add("web", await freePort());
  services.add("web", upstream.addr.port);
  await using server = await front(services, { random: () => 0 });
  const socket = new WebSocket(server.url.replace("http:", "ws:"));
  socket.onopen = () => socket.send("hello");
  const { data } = await within("an answer", new Promise<MessageEvent>((resolve) => socket.onmessage = resolve));
  equal(data, "echo hello");
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await within("it closes", closed);
});
