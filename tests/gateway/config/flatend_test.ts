/** flatend's files as the one model. */

import { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { goMilliseconds } from "../../../src/gateway/config/go_time.ts";
import { readConfig } from "../../../src/gateway/config/read_config.ts";
import { noPolicy } from "../../../src/gateway/config/settle/policy.ts";
import { makeConfigFolder } from "./config_folder.ts";

const file = (name: string) => fileURLToPath(new URL(`files/${name}`, import.meta.url));

Deno.test("flatend's first example becomes a route to a mesh service, on all addresses as there", () => {
  const { servers: [server], mesh } = readConfig(file("flatend.toml"));
  deepEqual(mesh, {
    ...{ listen: [], join: [], advertise: [], key: undefined, networkKey: undefined, allow: undefined },
    flatend: { hostname: "127.0.0.1", port: 9000 },
  });
  deepEqual(server.listen, [{ hostname: "0.0.0.0", port: 3000 }]);
  deepEqual([server.redirectTrailingSlash, server.redirectCase, server.tls], [true, true, undefined]);
  deepEqual(server.routes, [{
    where: "http[0].routes[0], line 6",
    methods: ["GET"],
    path: "/hello",
    hosts: [],
    headers: [],
    policy: noPolicy,
    target: { kind: "mesh", services: ["hello_world"] },
  }]);
});

Deno.test("every key of a flatend file has its effect", () => {
  const { servers: [first, second], graceMs, mesh } = readConfig(file("flatend_full.toml"), {
    variable: (name) => name === "HOME" ? "/home/somebody" : undefined,
  });
  deepEqual([mesh?.flatend, graceMs], [{ hostname: "127.0.0.1", port: 9000 }, 120_000]);
  deepEqual(first.hosts, ["a.lithdew.net", "b.lithdew.net"]);
  deepEqual(first.listen, [{ hostname: "0.0.0.0", port: 3443 }, { hostname: "127.0.0.1", port: 4443 }]);
  deepEqual([first.redirectTrailingSlash, first.redirectCase], [false, false]);
  deepEqual(first.redirectHttp, { hostname: "0.0.0.0", port: 80 });
  deepEqual(first.tls, {
    kind: "acme",
    directory: "https://acme-v02.api.letsencrypt.org/directory",
    email: undefined,
    dir: "/home/somebody/.local/share/sluice/acme",
    renewBeforeMs: 30 * 86_400_000,
    caCert: undefined,
  });
  deepEqual(first.limits, {
    headBytes: 2 ** 20,
    headMs: 90_000,
    bodyIdleMs: 20_000,
    responseStallMs: 40_000,
    keepAliveMs: 1500,
  });
  const [page, assets, services] = first.routes;
  const files = { kind: "static", index: ["index.html"], precompressed: false, fallback: undefined };
  deepEqual([page.path, page.target], [
    "/",
    { ...files, root: file("flatend.toml"), isFile: true, listing: false, noCache: true },
  ]);
  deepEqual([assets.path, assets.target], [
    "/assets/*filepath",
    { ...files, root: file("public"), isFile: false, listing: true, noCache: false },
  ]);
  deepEqual([services.methods, services.target], [["POST"], { kind: "mesh", services: ["a", "b", "c"] }]);
  deepEqual(services.policy, { ...noPolicy, bodyBytesMin: 1, bodyBytes: 65536, cacheControl: "no-store" });
  equal(page.policy.bodyBytes, 2048);

  deepEqual([second.hosts, second.redirectHttp], [["c.lithdew.net"], { hostname: "127.0.0.1", port: 5080 }]);
  deepEqual(second.tls, {
    kind: "acme",
    directory: "https://ca.example/dir",
    email: "me@lithdew.net",
    dir: file("certs"),
    renewBeforeMs: 10 * 86_400_000,
    caCert: undefined,
  });
  equal(second.limits.headBytes, 4096);
  const [things] = second.routes;
  deepEqual([things.methods, things.path], [["PUT"], "/things/:id/*rest"]);
  deepEqual([things.policy.bodyBytesMin, things.policy.bodyBytes], [2, 10]);
});

const server = (lines: string) => `[[http]]\n${lines}\n[[http.routes]]\npath = "GET /a"\nservice = "a"`;
const route = (lines: string) => `[[http]]\naddr = ":1"\n[[http.routes]]\n${lines}`;

const wrong: readonly (readonly [text: string, faults: readonly string[]])[] = [
  [server('addr = ":1"\naddrs = [":2"]'), ["3: http[0].addrs: is said beside addr: keep one"]],
  [server('addr = ":1"\ndomain = "a"\ndomains = ["b"]'), ["4: http[0].domains: is said beside domain: keep one"]],
  [server('adr = ":1"'), ['2: http[0].adr: is no setting; did you mean "addr"?']],
  [server("https = true"), ["2: http[0].https: has acme without hosts: an authority signs for names"]],
  [server('addr = "nowhere"'), ['2: http[0].addr: is "nowhere", which is no address such as "127.0.0.1:8080"']],
  [server('timeout = { read = "soon" }'), [
    '2: http[0].timeout.read: is "soon", which is not a time such as "500ms", "10s", "1m30s"',
  ]],
  [server('timeout = { read_header = "0s" }'), [
    "2: http[0].timeout.read_header: is 0, which would let a client keep a connection for ever",
  ]],
  [server("timeout = {}\ntimeouts = {}"), ["3: http[0].timeouts: is timeout in another spelling: keep one"]],
  [server("max_body_size = 1\nmax = { body_size = 1 }"), [
    "2: http[0].max_body_size: is said beside max.body_size: keep one",
  ]],
  [server("max_body_size = 1\nmin_body_size = 2"), [
    "1: http[0]: leaves no body that may be sent: 2 bytes are the least, and 1 the most",
  ]],
  [route('path = "/a"\nservice = "a"'), ['4: http[0].routes[0].path: has no method: it is such as "GET /hello"']],
  [route('path = "GET /a"'), ["3: http[0].routes[0]: has no target: give service, services or static"]],
  [route('path = "GET /a"\nservice = "a"\nstatic = "public"'), [
    "3: http[0].routes[0]: has both service and static: keep one",
  ]],
  [route('path = "GET /a"\nservice = "a"\nservices = ["b"]'), [
    "6: http[0].routes[0].services: is said beside service: keep one",
  ]],
  [route('path = "POST /a"\nstatic = "cert.pem"'), [
    "4: http[0].routes[0].path: has to be of GET, because files are read",
  ]],
  [route('path = "GET /a"\nstatic = "nope"'), ["5: http[0].routes[0].static: names nope, which is not there"]],
  [route('path = "GET /a"\nservice = "a"\n[[http.routes]]\npath = "GET /a"\nservice = "b"'), [
    "6: http[0].routes[1]: matches the same as http[0].routes[0], line 3: only one of them would answer",
  ]],
];

Deno.test("what can't be in a flatend file is told with its line and key", async () => {
  await using folder = await makeConfigFolder();
  for (const [text, faults] of wrong) {
    deepEqual(folder.faults(text).map((line) => line.replace("gateway.toml:", "")), faults, text);
  }
});

Deno.test("goMilliseconds() reads times as Go writes them", () => {
  const times = { "1m30s": 90_000, "1.5s": 1500, "100ms": 100, "2h": 7_200_000, "1ns": 1, "0": 0, "0s": 0, "250µs": 1 };
  for (const [text, ms] of Object.entries(times)) equal(goMilliseconds(text), ms, text);
});
