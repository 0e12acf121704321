/** Keys of targets, and what each sets. */

import type { RouteConfig } from "../../../src/gateway/config/model.ts";
import type { TargetConfig } from "../../../src/gateway/config/target_model.ts";
import { type Answerer, programOf, type Row } from "./rows.ts";

/** A member of a target of one kind. */
const of = (kind: TargetConfig["kind"], name: string) => ({ target }: Pick<Answerer, "target">) =>
  target.kind === kind ? (target as unknown as Record<string, unknown>)[name] : `a ${target.kind}`;

export const targetRows: readonly Row<Answerer>[] = [
  ["run", "run = $", `"hello.py --flag 'a b'"`, of("program", "program"), {
    file: "hello.py",
    args: ["--flag", "a b"],
  }],
  [
    "chain",
    "chain = $",
    '["hello.py", "cat -"]',
    ({ target }) => target.kind === "chain" && target.programs.map(({ file, command }) => file ? "file" : command),
    ["file", ["cat", "-"]],
  ],
  ["command", "command = $", '["ls", "-l"]', ({ target }) => programOf(target)?.command, ["ls", "-l"]],
  ["reply", "run = 'hello.py'«\nreply = $»", "true", ({ target }) => target.kind, "callback"],
  ["reply.channel", "run = 'hello.py'\nreply = { «channel = $» }", '"env"', of("callback", "channel"), "env"],
  ["reply.onExit", "run = 'hello.py'\nreply = { «onExit = $» }", '"report"', of("callback", "onExit"), "report"],
  ["static", "static = $", '"cert.pem"', of("static", "isFile"), true],
  ["static.root", "static = { root = $ }", '"cert.pem"', of("static", "isFile"), true],
  ["static.index", "static = { root = 'public'«, index = $» }", '["a.html", "b.html"]', of("static", "index"), [
    "a.html",
    "b.html",
  ]],
  ["static.listing", "static = { root = 'public'«, listing = $» }", "true", of("static", "listing"), true],
  [
    "static.precompressed",
    "static = { root = 'cert.pem'«, precompressed = $» }",
    "false",
    of("static", "precompressed"),
    false,
  ],
  ["static.noCache", "static = { root = 'cert.pem'«, noCache = $» }", "true", of("static", "noCache"), true],
  [
    "static.fallback",
    "static = { root = 'public'«, fallback = $» }",
    '"app.html"',
    of("static", "fallback"),
    "app.html",
  ],
  ["upstream", "upstream = $", '["http://a:9000", "https://b/api/"]', of("upstream", "urls"), [
    "http://a:9000",
    "https://b/api",
  ]],
  ["rewrite", "upstream = 'http://a:1'«\nrewrite = $»", '"/v2/x"', of("upstream", "rewrite"), "/v2/x"],
  ["host", "upstream = 'http://a:1'«\nhost = $»", '"api.example"', of("upstream", "hostField"), "api.example"],
  ["service", "service = $", '["shop@^1", "shop"]', of("service", "roles"), ["shop@^1", "shop"]],
  ["mesh", "mesh = $", '"hello_world"', of("mesh", "services"), ["hello_world"]],
  ["redirect", "redirect = $", '"/new"', of("redirect", "to"), "/new"],
  ["status", "redirect = '/new'«\nstatus = $»", "308", of("redirect", "status"), 308],
  ["respond", "respond = $", '"hello"', of("respond", "body"), "hello"],
  ["respond.status", "respond = { body = 'x'«, status = $» }", "418", of("respond", "status"), 418],
  [
    "respond.headers",
    "respond = { body = 'x'«, headers = $» }",
    "{ Content-Type = 'text/html' }",
    of("respond", "headers"),
    { "content-type": "text/html" },
  ],
  ["respond.body", "respond = { body = $ }", '"x"', of("respond", "body"), "x"],
  ["respond.json", "respond = { json = $ }", "{ a = [1] }", of("respond", "body"), '{"a":[1]}'],
  ["loom", "loom = $", '"data"', ({ target }) => target.kind === "loom" && target.dir.endsWith("/data"), true],
  [
    "loom.dir",
    "loom = { dir = $ }",
    '"data"',
    ({ target }) => target.kind === "loom" && target.dir.endsWith("/data"),
    true,
  ],
  ["loom.sync", "loom = { dir = 'data'«, sync = $» }", '"always"', of("loom", "sync"), "always"],
];

/** Targets that answer all paths below one, which an operation does not have: it is told so. */
export const notOfOperations = ["static.index", "static.listing", "static.fallback", "loom", "loom.dir", "loom.sync"];

export const matchRows: readonly Row<RouteConfig>[] = [
  ["path", "path = $", '"get,POST /orders/:id"', ({ methods, path }) => [methods, path], [
    ["GET", "POST"],
    "/orders/:id",
  ]],
  ["method", "path = '/x'«\nmethod = $»", '["PUT", "delete"]', ({ methods }) => methods, ["PUT", "DELETE"]],
  ["hosts", "path = '/x'«\nhosts = $»", '"Shop.Example"', ({ hosts }) => hosts, ["shop.example"]],
  ["match", "path = '/x'«\nmatch = $»", "{ X-Canary = '1', x-any = true }", ({ headers }) => headers, [{
    name: "x-canary",
    value: "1",
  }, { name: "x-any", value: undefined }]],
  [
    "split",
    "path = '/x'«\nsplit = $»",
    "[{ weight = 90, respond = 'a' }, { weight = 10, respond = 'b' }]",
    ({ target }) => target.kind === "split" && target.parts.map(({ weight, target }) => [weight, target.kind]),
    [[90, "respond"], [10, "respond"]],
  ],
];
