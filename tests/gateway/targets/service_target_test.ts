/** Requests that go to roles of the registry. */

import { deepEqual, equal } from "node:assert/strict";
import { serviceTarget } from "../../../src/gateway/targets/service_target.ts";
import type { Service, ServiceFinder } from "../../../src/registry/service.ts";
import { detail, seen } from "../../support/ask.ts";
import { listen, type Listening } from "../../support/in_process.ts";

/** A registry in memory, whose patterns are plain roles. */
function registryOf(services: Service[]): ServiceFinder {
  const query = (pattern?: string) => services.filter(({ role }) => role === pattern);
  return { query, get: (pattern) => Promise.resolve(query(pattern)) };
}

function serviceAt(role: string, { url }: Listening): Service {
  return { id: role, role, host: "127.0.0.1", port: Number(new URL(url).port) };
}

/** Listens with the target. */
async function front(services: ServiceFinder, roles: string[], rewrite?: string): Promise<Listening> {
  const target = serviceTarget({ kind: "service", roles, rewrite }, services);
  const server = await listen((request, info) => target(request, { ...info, params: { rest: "b/c" } }));
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a request goes to an instance of the role, by the path that it came with or another one", async () => {
  await using instance = await listen(async (request) => {
    const { pathname, search } = new URL(request.url);
    return new Response(`${pathname}${search} ${request.headers.get("x-forwarded-host")} ${await request.text()}`);
  });
  const registry = registryOf([serviceAt("web", instance)]);
  await using server = await front(registry, ["web"]);
  const { host } = new URL(server.url);
  equal((await seen(`${server.url}/a?b`, { method: "POST", body: "body" })).body, `/a?b ${host} body`);
  await using rewriting = await front(registry, ["web"], "/v2/*rest");
  const other = new URL(rewriting.url).host;
  equal((await seen(`${rewriting.url}/a?b`, { method: "POST", body: "body" })).body, `/v2/b/c?b ${other} body`);
});

Deno.test("of several roles the first has the request that somebody has, at each moment", async () => {
  await using first = await listen(() => new Response("first"));
  await using second = await listen(() => new Response("second"));
  const services = [serviceAt("second", second)];
  await using server = await front(registryOf(services), ["first", "second"]);
  equal((await seen(server.url)).body, "second");
  services.push(serviceAt("first", first));
  equal((await seen(server.url)).body, "first");
  services.length = 0;
  deepEqual(await detail(server.url), [503, "The service is not there at the moment"]);
});
