/** Every kind of target through a file of routes, and several servers in one file. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { MeshCaller } from "../../src/gateway/targets/mesh_target.ts";
import { detail, seen } from "../support/ask.ts";
import { QUIET, startGateway } from "../support/gateway.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { connect, startHub } from "../support/registry_hub.ts";
import { until } from "../support/within.ts";

const PROGRAMS = {
  "hello.sh": 'echo "hello $1 $MODE"\n',
  "shout.py": "import sys\nfor line in sys.stdin: print(line.strip().upper())\n",
  "number.rb": 'STDIN.each_line.with_index(1) { |line, i| puts "#{i} #{line}" }\n',
  "first.sh": "echo first\n",
};

Deno.test("a file of TOML has programs, pipes and chains answer", async () => {
  const text = `${QUIET}
defaults = { env = { MODE = "shop" }, warm = false }
[[routes]]
path = "GET /hello"
run = "hello.sh 'dear customer'"
[[routes]]
path = "/pipe"
run = ["shout.py", { file = "number.rb" }, "sed s/A/-/"]
[[routes]]
path = "/chain"
chain = ["first.sh", "hello.sh 2"]
[[routes]]
path = "/command"
command = "tr a-z A-Z"
`;
  await using server = await startGateway(text, { files: PROGRAMS });
  deepEqual(await seen(`${server.url}/hello`), { status: 200, body: "hello dear customer shop\n" });
  deepEqual(await seen(`${server.url}/pipe`, { method: "POST", body: "ab\nca\n" }), {
    status: 200,
    body: "1 -B\n2 C-\n",
  });
  deepEqual(await seen(`${server.url}/chain`), { status: 200, body: "first\nhello 2 shop\n" });
  equal((await seen(`${server.url}/command`, { method: "POST", body: "loud" })).body, "LOUD");
  const wrong = await fetch(`${server.url}/hello`, { method: "DELETE" });
  deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
  await wrong.body?.cancel();
  equal((await detail(`${server.url}/none`))[0], 404);
});

Deno.test("a file of YAML has files, upstreams, redirects, fixed answers and streams", async () => {
  await using upstream = await listen((request) => {
    return new Response(`${new URL(request.url).pathname} ${request.headers.get("host")}`);
  });
  const text = `
listen: 127.0.0.1:0
accessLog: none
redirectTrailingSlash: true
redirectCase: true
routes:
  - path: GET /site/*rest
    static: { root: site, precompressed: true, fallback: index.html }
  - path: GET /robots.txt
    static: robots.txt
  - path: /api/*rest
    upstream: ${upstream.url}/base
    rewrite: /v2/*rest
    host: inner.example
  - { path: "/old/:name", redirect: "/new/:name", status: 308 }
  - { path: /fixed, respond: { status: 418, json: { tea: true }, headers: { x-tea: green } } }
  - { path: "/streams/*rest", loom: { dir: data, sync: none } }
`;
  const files = {
    "site/index.html": "<p>app",
    "site/a.txt": "0123456789",
    "site/a.txt.gz": "zipped",
    "robots.txt": "all",
  };
  await using server = await startGateway(text, { name: "gateway.yaml", files });
  const { url } = server;
  const part = await fetch(`${url}/site/a.txt`, { headers: { range: "bytes=2-4", "accept-encoding": "identity" } });
  deepEqual([part.status, await part.text()], [206, "234"]);
  deepEqual(await seen(`${url}/site/some/page`), { status: 200, body: "<p>app" });
  deepEqual(await seen(`${url}/robots.txt`), { status: 200, body: "all" });
  deepEqual(await seen(`${url}/api/a/b`), { status: 200, body: "/base/v2/a/b inner.example" });
  deepEqual(await redirected(`${url}/old/a%20b`), [308, "/new/a%20b"]);
  deepEqual(await redirected(`${url}/fixed/`), [301, "/fixed"]);
  deepEqual(await redirected(`${url}/FIXED`), [301, "/fixed"]);
  const fixed = await fetch(`${url}/fixed`);
  deepEqual([fixed.status, fixed.headers.get("x-tea"), await fixed.json()], [418, "green", { tea: true }]);
  const type = { "content-type": "text/plain" };
  equal((await seen(`${url}/streams/v1/stream/s`, { method: "PUT", headers: type })).status, 201);
  equal((await seen(`${url}/streams/v1/stream/s`, { method: "POST", headers: type, body: "kept" })).status, 204);
  deepEqual(await seen(`${url}/streams/v1/stream/s?offset=-1`), { status: 200, body: "kept" });
});

/** Status of a redirect, and where it leads. */
async function redirected(url: string): Promise<[number, string | null]> {
  const response = await fetch(url, { redirect: "manual" });
  await response.body?.cancel();
  return [response.status, response.headers.get("location")];
}

Deno.test("a role of the registry is answered by its instances, as they come and go", async () => {
  await using hub = await startHub();
  await using client = await connect(hub);
  const text = `${QUIET}
registry = { hubs = "${new URL(hub.url!).host}" }
[[routes]]
path = "/*rest"
service = ["shop@^2", "shop@^1"]
`;
  await using server = await startGateway(text);
  equal((await seen(`${server.url}/a`)).status, 503);
  const answering = (name: string) => listen((request) => new Response(`${name} ${new URL(request.url).pathname}`));
  await using old = await answering("old");
  const port = (url: string) => Number(new URL(url).port);
  const first = await client.register("shop@1.0.0", { port: port(old.url), host: "127.0.0.1" });
  await answered(server.url, "old /a");
  await using young = await answering("young");
  const second = await client.register("shop@2.1.0", { port: port(young.url), host: "127.0.0.1" });
  await answered(server.url, "young /a");
  await second.free();
  await answered(server.url, "old /a");
  await first.free();
  await answered(server.url, undefined);
});

/** Waits until what stands behind a gateway answers so; undefined: not at all. */
async function answered(url: string, body: string | undefined): Promise<void> {
  await until(`${body ?? "nobody"} answers`, async () => {
    const answer = await seen(`${url}/a`);
    return body === undefined ? answer.status === 503 : answer.body === body;
  });
}

Deno.test("a service of the mesh is called by whoever has joined it, and is 503 without", async () => {
  const text = `${QUIET}
mesh = { listen = ":0" }
[[routes]]
path = "POST /users/:id"
mesh = ["users", "people"]
`;
  await using alone = await startGateway(text);
  equal((await detail(`${alone.url}/users/7`, { method: "POST" }))[0], 503);
  const mesh: MeshCaller = {
    call: async (services, request, info) => {
      return Response.json({ services, params: info?.params, body: await request.text() }, { status: 201 });
    },
  };
  await using joined = await startGateway(text, { mesh });
  const { status, body } = await seen(`${joined.url}/users/7`, { method: "POST", body: "me" });
  deepEqual([status, JSON.parse(body)], [201, { services: ["users", "people"], params: { id: "7" }, body: "me" }]);
});

Deno.test("a share of the requests goes to another target, and those with a field of their own always do", async () => {
  const text = `${QUIET}
[[routes]]
path = "GET /"
match = { x-canary = "yes" }
respond = "canary"
[[routes]]
path = "GET /"
split = [{ weight = 3, respond = "old" }, { weight = 1, redirect = "/new" }]
`;
  await using server = await startGateway(text);
  const asked = (headers: HeadersInit) => fetch(server.url, { headers, redirect: "manual" });
  for (let i = 0; i < 10; i++) equal(await (await asked({ "x-canary": "yes" })).text(), "canary");
  let old = 0;
  for (let i = 0; i < 200; i++) {
    const response = await asked({ "x-canary": "no" });
    if (await response.text() === "old") old++;
    else equal(response.status, 307);
  }
  ok(old > 110 && old < 190, `${old} of 200`); // 150 are to be expected, with a deviation of six
});

Deno.test("servers on one address are told apart by their hosts, and each address has its own", async () => {
  const text = `
accessLog = "none"
[[servers]]
listen = ["127.0.0.1:0", "127.0.0.2:0"]
hosts = ["shop.example", "*.shop.example"]
[[servers.routes]]
path = "/"
respond = "shop"
[[servers.routes]]
path = "/"
hosts = "api.shop.example"
respond = "api"
[[servers]]
listen = "127.0.0.1:0"
[[servers.routes]]
path = "/"
respond = "all others"
`;
  await using server = await startGateway(text);
  const [first, second, ...more] = server.gateway.urls;
  deepEqual(more, []);
  match(second, /^http:\/\/127\.0\.0\.2:\d+$/);
  for (
    const [url, host, answer] of [
      [first, "shop.example", "shop"],
      [first, "SHOP.example:80", "shop"],
      [first, "api.shop.example", "api"],
      [first, "b.shop.example", "shop"],
      [first, "other.example", "all others"],
      [second, "api.shop.example", "api"],
      [second, "other.example", "404"],
    ]
  ) {
    using client = await RawClient.connect(url);
    await client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const head = await client.head();
    equal(head.status === 200 ? await client.body(head) : String(head.status), answer, `${host} at ${url}`);
  }
});
