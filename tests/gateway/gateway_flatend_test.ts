/** flatend's files of routes, as they are written there, in front of services of a mesh. */

import { deepEqual, equal } from "node:assert/strict";
import { HttpError } from "../../src/errors.ts";
import type { GatewayConfig } from "../../src/gateway/config/model.ts";
import type { MeshCaller } from "../../src/gateway/targets/mesh_target.ts";
import { forward } from "../../src/http/forward.ts";
import { detail, seen } from "../support/ask.ts";
import { addressOf } from "../support/front.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { listen, type Listening } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";

/** Services by name, each a server of its own. */
function meshOf(services: Readonly<Record<string, Listening>>): MeshCaller {
  return {
    call: async (names, request, info) => {
      const found = names.find((name) => Object.hasOwn(services, name));
      if (found === undefined) throw new HttpError(503, `Nobody provides ${names.join(", ")}`);
      const headers = new Headers(request.headers);
      for (const [name, value = ""] of Object.entries(info?.params ?? {})) headers.set(`params.${name}`, value);
      const { method, url, body, signal } = request;
      const called = new Request(url, { method, headers, body, signal, duplex: "half" } as RequestInit);
      return await forward(called, addressOf(services[found]));
    },
  };
}

/** The addresses of flatend's files are those of all the world: here they are loopback's. */
function onLoopback(config: GatewayConfig): GatewayConfig {
  const servers = config.servers.map((server, index) => {
    return { ...server, listen: [{ hostname: `127.0.0.${index + 1}`, port: 0 }] };
  });
  return { ...config, accessLog: "none", servers };
}

/** Serves such a file. */
function start(
  text: string,
  services: Record<string, Listening>,
  files: Record<string, string> = {},
): Promise<TestGateway> {
  return startGateway(text, { name: "config.toml", files, mesh: meshOf(services), change: onLoopback });
}

/** A service that says how it was asked. */
function service(name: string): Promise<Listening> {
  return listen(async (request) => {
    const params = [...request.headers].filter(([name]) => name.startsWith("params."));
    const { pathname, search } = new URL(request.url);
    const body = await request.text();
    return Response.json({ name, method: request.method, path: pathname + search, params, body });
  });
}

Deno.test("flatend's first example says hello", async () => {
  const text = `addr = "127.0.0.1:9000"

[[http]]
addr = ":3000"

[[http.routes]]
path = "GET /hello"
service = "hello_world"
`;
  await using hello = await listen(() => new Response("Hello world!"));
  await using server = await start(text, { hello_world: hello });
  deepEqual(await seen(`${server.url}/hello`), { status: 200, body: "Hello world!" });
  equal((await detail(`${server.url}/hello`, { method: "POST" }))[0], 405);
  equal((await detail(`${server.url}/other`))[0], 404);
  await using alone = await start(text, {});
  deepEqual(await detail(`${alone.url}/hello`), [503, "Nobody provides hello_world"]);
});

Deno.test("parameters of the path, the query and the body go to the first service that is there", async () => {
  const text = `
[[http]]
addr = ":3000"

[[http.routes]]
path = "POST /users/:id/*rest"
services = ["none", "users", "people"]
nocache = true

[[http.routes]]
path = "GET /users/:id"
service = "people"
`;
  await using users = await service("users");
  await using people = await service("people");
  await using server = await start(text, { users, people });
  const response = await fetch(`${server.url}/users/a%20b/c/d?e=f`, { method: "POST", body: "body" });
  equal(response.headers.get("cache-control"), "no-store");
  deepEqual(await response.json(), {
    name: "users",
    method: "POST",
    path: "/users/a%20b/c/d?e=f",
    params: [["params.id", "a b"], ["params.rest", "c/d"]],
    body: "body",
  });
  const other = await fetch(`${server.url}/users/7`);
  deepEqual([other.headers.get("cache-control"), (await other.json()).name], [null, "people"]);
});

Deno.test("files and folders are served, and kept by nobody where the file says so", async () => {
  const text = `
[[http]]
addrs = [":3000"]

[[http.routes]]
path = "GET /"
static = "index.html"
nocache = true

[[http.routes]]
path = "GET /assets"
static = "public"
`;
  const files = { "index.html": "<p>hello", "public/a.css": "p {}", "public/deep/b.js": "x", "secret": "no" };
  await using server = await start(text, {}, files);
  const page = await fetch(`${server.url}/`);
  equal(await page.text(), "<p>hello");
  const kept = ["cache-control", "etag", "last-modified"].map((name) => page.headers.get(name));
  deepEqual([/no-store|no-cache/.test(kept[0] ?? ""), kept[1], kept[2]], [true, null, null]);
  const style = await fetch(`${server.url}/assets/a.css`);
  deepEqual([await style.text(), style.headers.get("content-type")], ["p {}", "text/css; charset=utf-8"]);
  equal(style.headers.has("etag"), true);
  equal((await seen(`${server.url}/assets/deep/b.js`)).body, "x");
  equal((await seen(`${server.url}/assets/deep/none.js`)).status, 404);
  using client = await RawClient.connect(server.url);
  await client.send("GET /assets/%2e%2e/secret HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).status >= 400, true);
});

Deno.test("bounds on bodies and heads are those of the route, else those of the server", async () => {
  const text = `
[[http]]
addr = ":3000"
header_size = 4096

[http.min]
body_size = 2
[http.max]
body_size = 4

[[http.routes]]
path = "POST /small"
service = "echo"

[[http.routes]]
path = "POST /large"
service = "echo"
max_body_size = 8
min_body_size = 0
`;
  await using echo = await listen(async (request) => new Response(await request.text()));
  await using server = await start(text, { echo });
  const post = async (path: string, body: string) => (await seen(server.url + path, { method: "POST", body })).status;
  deepEqual([await post("/small", "1"), await post("/small", "12"), await post("/small", "12345")], [400, 200, 413]);
  deepEqual([await post("/large", ""), await post("/large", "12345678"), await post("/large", "123456789")], [
    200,
    200,
    413,
  ]);
  const headers = { "x-long": "x".repeat(5000) };
  equal((await seen(`${server.url}/small`, { method: "POST", body: "12", headers })).status, 431);
});

Deno.test("a path with a slash too many or in the wrong case is redirected, unless the file says not to", async () => {
  const text = `
[[http]]
addr = ":3000"
[[http.routes]]
path = "GET /hello/:name"
service = "hello"
[[http.routes]]
path = "POST /World/"
service = "hello"

[[http]]
addr = ":3001"
redirect_trailing_slash = false
redirect_fixed_path = false
[[http.routes]]
path = "GET /hello/:name"
service = "hello"
`;
  await using hello = await service("hello");
  await using server = await start(text, { hello });
  const [first, second] = server.gateway.urls;
  const ask = async (url: string, method = "GET") => {
    const response = await fetch(url, { method, redirect: "manual" });
    await response.body?.cancel();
    return [response.status, response.headers.get("location")];
  };
  deepEqual(await ask(`${first}/hello/Ada`), [200, null]);
  deepEqual(await ask(`${first}/hello/Ada/?a=b`), [301, "/hello/Ada?a=b"]);
  deepEqual(await ask(`${first}/HELLO/Ada`), [301, "/hello/Ada"]);
  deepEqual(await ask(`${first}/World`, "POST"), [308, "/World/"]);
  deepEqual(await ask(`${first}/world/`, "POST"), [308, "/World/"]);
  for (const path of ["/hello/Ada/", "/HELLO/Ada"]) equal((await ask(second + path))[0], 404, path);
});
