/** Keys of servers and of the whole file, and what each sets. */

import { basename } from "node:path";
import type { GatewayConfig, ServerConfig } from "../../../src/gateway/config/model.ts";
import type { Row } from "./rows.ts";

export const serverRows: readonly Row<ServerConfig>[] = [
  ["listen", "«listen = $»", '[":80", "[::1]:0"]', ({ listen }) => listen, [{ hostname: "127.0.0.1", port: 80 }, {
    hostname: "::1",
    port: 0,
  }]],
  ["hosts", "«hosts = $»", '["Shop.Example", "*.example.com"]', ({ hosts }) => hosts, [
    "shop.example",
    "*.example.com",
  ]],
  ["tls", "«tls = $»", "{ selfSigned = true }", ({ tls }) => tls, {
    kind: "selfSigned",
    dir: "/home/somebody/.local/share/sluice/tls",
  }],
  [
    "tls.cert",
    "tls = { key = 'key.pem', cert = $ }",
    '"cert.pem"',
    ({ tls }) => tls?.kind === "files" && tls.cert.endsWith("/cert.pem"),
    true,
  ],
  [
    "tls.key",
    "tls = { cert = 'cert.pem', key = $ }",
    '"key.pem"',
    ({ tls }) => tls?.kind === "files" && tls.key.endsWith("/key.pem"),
    true,
  ],
  ["tls.selfSigned", "tls = { selfSigned = $ }", "true", ({ tls }) => tls?.kind, "selfSigned"],
  ["tls.acme", "hosts = 'a.example'\nredirectHttp = ':81'\ntls = { acme = $ }", "true", ({ tls }) => tls?.kind, "acme"],
  [
    "tls.email",
    "hosts = 'a.example'\nredirectHttp = ':81'\ntls = { acme = true«, email = $» }",
    '"a@b.example"',
    ({ tls }) => tls?.kind === "acme" && tls.email,
    "a@b.example",
  ],
  [
    "tls.directory",
    "hosts = 'a.example'\nredirectHttp = ':81'\ntls = { acme = true«, directory = $» }",
    '"https://ca/dir"',
    ({ tls }) => tls?.kind === "acme" && tls.directory,
    "https://ca/dir",
  ],
  [
    "tls.dir",
    "tls = { selfSigned = true«, dir = $» }",
    '"/var/tls"',
    ({ tls }) => tls?.kind === "selfSigned" && tls.dir,
    "/var/tls",
  ],
  [
    "tls.renewBefore",
    "hosts = 'a.example'\nredirectHttp = ':81'\ntls = { acme = true«, renewBefore = $» }",
    '"60d"',
    ({ tls }) => tls?.kind === "acme" && tls.renewBeforeMs,
    60 * 86_400_000,
  ],
  [
    "tls.caCert",
    "hosts = 'a.example'\nredirectHttp = ':81'\ntls = { acme = true«, caCert = $» }",
    '"cert.pem"',
    ({ tls }) => tls?.kind === "acme" && tls.caCert?.endsWith("/cert.pem"),
    true,
  ],
  [
    "redirectHttp",
    "tls = { selfSigned = true }«\nredirectHttp = $»",
    '"127.0.0.1:8081"',
    ({ redirectHttp }) => redirectHttp,
    { hostname: "127.0.0.1", port: 8081 },
  ],
  [
    "redirectTrailingSlash",
    "«redirectTrailingSlash = $»",
    "true",
    ({ redirectTrailingSlash }) => redirectTrailingSlash,
    true,
  ],
  ["redirectCase", "«redirectCase = $»", "true", ({ redirectCase }) => redirectCase, true],
  ["trustForwarded", "«trustForwarded = $»", "true", ({ trustForwarded }) => trustForwarded, true],
  ["connections", "«connections = $»", "{ keepAlive = '5s' }", ({ limits }) => limits.keepAliveMs, 5000],
  ["connections.maxHeader", "connections = { «maxHeader = $» }", '"1m"', ({ limits }) => limits.headBytes, 2 ** 20],
  ["connections.headerTimeout", "connections = { «headerTimeout = $» }", '"3s"', ({ limits }) => limits.headMs, 3000],
  ["connections.bodyTimeout", "connections = { «bodyTimeout = $» }", '"4s"', ({ limits }) => limits.bodyIdleMs, 4000],
  [
    "connections.stallTimeout",
    "connections = { «stallTimeout = $» }",
    '"6s"',
    ({ limits }) => limits.responseStallMs,
    6000,
  ],
  ["connections.keepAlive", "connections = { «keepAlive = $» }", '"7s"', ({ limits }) => limits.keepAliveMs, 7000],
  ["defaults", "«defaults = $»", "{ timeout = 5 }", ({ routes }) => routes[0].policy.timeoutMs, 5],
  ["openapi", "«openapi = $»", "{ document = 'petstore.yaml' }", ({ openapi }) => openapi?.validateIn, true],
  [
    "openapi.document",
    "openapi = { document = $ }",
    "'petstore.yaml'",
    ({ openapi }) => openapi?.document.endsWith("/petstore.yaml"),
    true,
  ],
  [
    "openapi.base",
    "openapi = { document = 'petstore.yaml'«, base = $» }",
    '"/v1/"',
    ({ openapi }) => openapi?.base,
    "/v1",
  ],
  [
    "openapi.validateIn",
    "openapi = { document = 'petstore.yaml'«, validateIn = $» }",
    "false",
    ({ openapi }) => openapi?.validateIn,
    false,
  ],
  [
    "openapi.validateOut",
    "openapi = { document = 'petstore.yaml'«, validateOut = $» }",
    '"strict"',
    ({ openapi }) => openapi?.validateOut,
    "strict",
  ],
  [
    "openapi.documentPath",
    "openapi = { document = 'petstore.yaml'«, documentPath = $» }",
    "false",
    ({ openapi }) => openapi?.documentPath,
    undefined,
  ],
  [
    "openapi.docsPath",
    "openapi = { document = 'petstore.yaml'«, docsPath = $» }",
    '"/page"',
    ({ openapi }) => openapi?.docsPath,
    "/page",
  ],
  [
    "openapi.operations",
    "openapi = { document = 'petstore.yaml'«, operations = $» }",
    "{ 'get /a' = { respond = 'x' } }",
    ({ openapi }) => Object.keys(openapi?.operations ?? {}),
    ["GET /a"],
  ],
];

export const routesRows: readonly Row<ServerConfig>[] = [
  ["routes", "routes = $", "[{ path = '/', respond = 'x' }]", ({ routes }) => routes.map(({ path }) => path), ["/"]],
];

/** An id of a node. */
const NODE = "a".repeat(52);

export const rootRows: readonly Row<GatewayConfig>[] = [
  ["name", "«name = $»", '"shop"', ({ name }) => name, "shop"],
  ["accessLog", "«accessLog = $»", '"json"', ({ accessLog }) => accessLog, "json"],
  ["grace", "«grace = $»", '"3s"', ({ graceMs }) => graceMs, 3000],
  ["dev", "«dev = $»", "true", ({ dev }) => dev, true],
  ["registry", "«registry = $»", "{ hubs = '127.0.0.1:9090' }", ({ registry }) => registry, {
    hubs: ["127.0.0.1:9090"],
  }],
  ["registry.hubs", "registry = { hubs = $ }", "['h:1', 'wss://h.example']", ({ registry }) => registry?.hubs, [
    "h:1",
    "wss://h.example",
  ]],
  ["mesh", "«mesh = $»", "{ listen = ':9000' }", ({ mesh }) => mesh?.listen, [{ hostname: "127.0.0.1", port: 9000 }]],
  ["mesh.listen", "mesh = { listen = $ }", "['a:1', '0.0.0.0:2']", ({ mesh }) => mesh?.listen, [{
    hostname: "a",
    port: 1,
  }, { hostname: "0.0.0.0", port: 2 }]],
  ["mesh.join", "mesh = { listen = ':1'«, join = $» }", "['h:9000', 'wss://h/m']", ({ mesh }) => mesh?.join, [
    "tcp://h:9000",
    "wss://h/m",
  ]],
  ["mesh.advertise", "mesh = { listen = ':1'«, advertise = $» }", "'g:9000'", ({ mesh }) => mesh?.advertise, [
    "tcp://g:9000",
  ]],
  ["mesh.key", "mesh = { listen = ':1'«, key = $» }", "'key.pem'", ({ mesh }) => basename(mesh?.key ?? ""), "key.pem"],
  [
    "mesh.networkKey",
    "mesh = { listen = ':1'«, networkKey = $» }",
    "'tokens'",
    ({ mesh }) => basename(mesh?.networkKey ?? ""),
    "tokens",
  ],
  ["mesh.allow", "mesh = { listen = ':1'«, allow = $» }", `'${NODE}'`, ({ mesh }) => mesh?.allow, [NODE]],
  ["mesh.flatend", "mesh = { listen = ':1'«, flatend = $» }", "':9001'", ({ mesh }) => mesh?.flatend, {
    hostname: "127.0.0.1",
    port: 9001,
  }],
  ["admin", "«admin = $»", "{ listen = 'unix:/run/s' }", ({ admin }) => admin?.listen, { path: "/run/s" }],
  ["admin.listen", "admin = { listen = $ }", '"127.0.0.1:9100"', ({ admin }) => admin?.listen, {
    hostname: "127.0.0.1",
    port: 9100,
  }],
  [
    "admin.processesKept",
    "admin = { listen = ':1'«, processesKept = $» }",
    '"5m"',
    ({ admin }) => admin?.processesKeptMs,
    300_000,
  ],
  ["reply", "«reply = $»", "{ socket = '/run/r' }", ({ reply }) => reply, {
    socket: { path: "/run/r" },
    secret: false,
  }],
  ["reply.socket", "reply = { «socket = $» }", '"/run/r"', ({ reply }) => reply?.socket, { path: "/run/r" }],
  ["reply.secret", "reply = { «secret = $» }", "true", ({ reply }) => reply?.secret, true],
  [
    "servers",
    "«servers = $»",
    "[{ listen = ':1', routes = [{ path = '/', respond = 'x' }] }]",
    ({ servers }) => servers.length,
    2,
  ],
];
