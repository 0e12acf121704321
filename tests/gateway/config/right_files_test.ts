/** Files that are right, and what they mean as a whole. */

import { deepEqual, equal, match } from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import type { GatewayConfig, RouteConfig } from "../../../src/gateway/config/model.ts";
import { parseConfig, readConfig } from "../../../src/gateway/config/read_config.ts";
import { makeConfigFolder } from "./config_folder.ts";

const file = (name: string) => fileURLToPath(new URL(`files/${name}`, import.meta.url));

/** What a file means, wherever it says it. */
function meaning({ servers, reply, ...config }: GatewayConfig): unknown {
  return {
    ...config,
    secret: reply?.secret,
    servers: servers.map(({ routes, ...server }) => ({
      ...server,
      routes: routes.map(({ where: _where, ...route }) => route),
    })),
  };
}

Deno.test("TOML, YAML and JSON with the same content mean the same", () => {
  const toml = readConfig(file("gateway.toml"));
  deepEqual(meaning(readConfig(file("gateway.yaml"))), meaning(toml));
  const json = JSON.stringify(parse(Deno.readTextFileSync(file("gateway.yaml"))));
  deepEqual(meaning(parseConfig(json, file("gateway.json"))), meaning(toml));
  deepEqual(toml.servers[0].routes.map(({ where }) => where), [
    "routes[0], line 20",
    "routes[1], line 25",
    "routes[2], line 32",
    "routes[3], line 40",
    "routes[4], line 47",
    "routes[5], line 51",
  ]);
});

Deno.test("routes have what the defaults say, and their own word over it", () => {
  const [hello, images, orders, canary, api, page] = readConfig(file("gateway.toml")).servers[0].routes;
  const limit = { requests: 100, windowMs: 60_000, burst: 100, by: "client" };
  const summary = ({ policy }: RouteConfig) => [policy.timeoutMs, policy.rateLimit, policy.responseHeaders["x-shop"]];
  deepEqual(summary(hello), [5000, limit, "1"]);
  deepEqual(summary(images), [60_000, undefined, "2"]);
  equal(images.policy.responseHeaders["x-frame-options"], "DENY");
  if (images.target.kind !== "pipe") throw new Error(images.target.kind);
  deepEqual(images.target.programs.map(({ command }) => command), [undefined, ["gzip", "-9"], ["base64", "-w0"]]);
  deepEqual(images.target.programs.map(({ env }) => env), [
    { MODE: "shop" },
    { MODE: "shop" },
    { MODE: "shop", LEVEL: "9" },
  ]);
  if (orders.target.kind !== "callback") throw new Error(orders.target.kind);
  const { program, channel, onExit } = orders.target;
  deepEqual([channel, onExit, program.warm, program.mode], ["env", "success", 0, "cgi"]);
  deepEqual([program.file, program.cwd, program.limits?.cpuMs], [file("hello.sh"), dirname(file("hello.sh")), 2000]);
  deepEqual([canary.hosts, canary.headers], [["api.shop.example"], [{ name: "x-canary", value: "1" }]]);
  equal(api.target.kind, "split");
  deepEqual([page.methods, page.path], [["GET"], "/*path"]);
});

Deno.test("a file says as little as it may: the rest has safe defaults", async () => {
  await using folder = await makeConfigFolder();
  const { servers: [server], reply, admin, registry, mesh, accessLog, dev } = folder.parse(
    `[[routes]]\npath = "/"\nrun = "hello.py"\nreply = true`,
  );
  deepEqual(server.listen, [{ hostname: "127.0.0.1", port: 8080 }]);
  deepEqual([admin, registry, mesh, accessLog, dev], [undefined, undefined, undefined, "human", false]);
  match(reply!.socket.path, /^\/run\/user\/1000\/sluice\/[0-9a-f]{12}\.sock$/);
  equal(folder.parse(`[[routes]]\npath = "/"\nrun = "hello.py"`).reply, undefined);
});

Deno.test("files of one user have sockets of their own", async () => {
  await using folder = await makeConfigFolder();
  const text = `[[routes]]\npath = "/"\nrun = "hello.py"\nreply = true`;
  const sockets = ["a.toml", "b.toml", "a.toml"].map((name) => folder.parse(text, name).reply!.socket.path);
  equal(new Set(sockets).size, 2);
});

Deno.test("all addresses are listened on only where that is said", async () => {
  await using folder = await makeConfigFolder();
  const listen = (text: string) =>
    folder.parse(`listen = ${text}\n[[routes]]\npath = "/"\nrespond = ""`).servers[0].listen;
  deepEqual(listen('":80"'), [{ hostname: "127.0.0.1", port: 80 }]);
  deepEqual(listen('["0.0.0.0:80", "[::]:0"]'), [{ hostname: "0.0.0.0", port: 80 }, { hostname: "::", port: 0 }]);
});

Deno.test("several servers share an address by their hosts, beside the one at the top of the file", async () => {
  await using folder = await makeConfigFolder();
  const { servers } = folder.parse(`hosts = "a.example"
defaults = { timeout = 1, compress = true }
[[routes]]
path = "/"
respond = "a"
[[servers]]
hosts = "b.example"
defaults = { timeout = 2 }
routes = [{ path = "/", respond = "b" }]
[[servers]]
routes = [{ path = "/", respond = "others", compress = false }]
`);
  deepEqual(servers.map(({ hosts }) => hosts), [["a.example"], ["b.example"], []]);
  const policies = servers.map(({ routes: [{ policy }] }) => [policy.timeoutMs, policy.compress]);
  deepEqual(policies, [[1, true], [2, true], [1, false]]);
});

Deno.test("routes that differ in host, method, fields or shape are no double ones", async () => {
  await using folder = await makeConfigFolder();
  const routes = [
    ["GET /a/:b", ""],
    ["POST /a/:b", ""],
    ["/a/:b", ""],
    ["/a/*b", ""],
    ["/a/b", ""],
    ["/a/b/", ""],
    ["/a/{c}", 'match = { x = "1" }'],
    ["/a/{c}", "match = { x = true }"],
    ["/a/{c}", 'hosts = "h.example"'],
  ].map(([path, more]) => `[[routes]]\npath = "${path}"\nrespond = ""\n${more}`);
  deepEqual(folder.faults(routes.join("\n")), []);
});
