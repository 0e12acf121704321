/** What is said of files that hold what the schema does not allow, or are none of their format. */

import { deepEqual } from "node:assert/strict";
import { makeConfigFolder } from "./config_folder.ts";

/** A text, what is said of it (without the file's name where that is gateway.toml), and another name. */
type Wrong = readonly [text: string, faults: readonly string[], name?: string];

/** A route at /x. */
const route = (lines: string) => `[[routes]]\npath = "/x"\n${lines}`;
/** A route that answers always the same. */
const answer = (lines: string) => `[[routes]]\npath = "/x"\nrespond = "x"\n${lines}`;
/** A route that runs a program. */
const running = (lines: string) => `[[routes]]\npath = "/x"\nrun = "hello.py"\n${lines}`;
/** What stands above a route. */
const server = (lines: string) => `${lines}\n[[routes]]\npath = "/x"\nrespond = "x"`;

const keys: readonly Wrong[] = [
  [server('acessLog = "json"'), ['1: acessLog: is no setting; did you mean "accessLog"?']],
  [server("zzzzzz = 1"), [
    "1: zzzzzz: is no setting: known are name, accessLog, grace, dev, registry, mesh, admin, reply, listen, hosts, tls, redirectHttp, redirectTrailingSlash, redirectCase, trustForwarded, connections, defaults, routes, openapi, servers",
  ]],
  [running("timout = 3"), ['4: routes[0].timout: is no setting; did you mean "timeout"?']],
  [running('cache-control = "x"'), ['4: routes[0].cache-control: is no setting; did you mean "cacheControl"?']],
  [running("timeout = true"), ["4: routes[0].timeout: is true, and has to be a text or a whole number"]],
  [running('timeout = "10 s"'), [
    '4: routes[0].timeout: is "10 s", which is not a time such as "500ms", "90s", "5m", "12h", or a whole number of milliseconds',
  ]],
  [running('maxBody = "10 megs"'), [
    '4: routes[0].maxBody: is "10 megs", which is not a size such as "512k", "10m", "2g", or a whole number of bytes',
  ]],
  [running("maxBody = -1"), ["4: routes[0].maxBody: is -1: 0 is the least"]],
  [running("queue = 1.5"), ["4: routes[0].queue: is 1.5, and has to be a whole number"]],
  [
    `[[routes]]
run = 'hello.py'`,
    ["1: routes[0].path: is missing"],
  ],
  [
    `[[routes]]
path = 1979-05-27
run = 'hello.py'`,
    ["2: routes[0].path: is a date, and has to be a text"],
  ],
  [server("accessLog = 'jsno'"), ['1: accessLog: is "jsno"; did you mean "json"?']],
  [server("accessLog = 'xml'"), ['1: accessLog: is "xml"; it may be "human", "json", "combined", "none"']],
  [running("auth = true"), ["4: routes[0].auth: is true, which says nothing here"]],
  [answer("limits = true"), ["4: routes[0].limits: is true, which says nothing here"]],
  [answer("match = { x = false }"), ["4: routes[0].match.x: is false, which says nothing here"]],
  [server('grace = "1y"'), [
    '1: grace: is "1y", which is not a time such as "500ms", "90s", "5m", "12h", or a whole number of milliseconds',
  ]],
  [running('rateLimit = { requests = 5, by = "cookie" }'), [
    '4: routes[0].rateLimit.by: is "cookie", which is not "client", "user", or a table with header',
  ]],
  [route("split = [{ weight = 0, respond = 'a' }, { weight = -1, respond = 'b' }]"), [
    "3: routes[0].split[0].weight: is 0: 1 is the least",
    "3: routes[0].split[1].weight: is -1: 1 is the least",
  ]],
  [route('respond = { headers = { "content-type" = "x" } , status = 99 }'), [
    "3: routes[0].respond.status: is 99: 200 is the least",
  ]],
  [route('run = ""'), ["3: routes[0].run: is empty"]],
  [server("name = { a = 1 }"), ["1: name: is a table, and has to be a text"]],
  [server("[name]\na = { b = [{}] }"), ["1: name: is a table, and has to be a text"]],
  [server("listen = {}"), ["1: listen: is a table, and has to be a text or a list"]],
  [server("accessLog = {}"), ['1: accessLog: is {}; it may be "human", "json", "combined", "none"']],
  [server("dev = [{}]"), ["1: dev: is a list, and has to be true or false"]],
  [route('redirect = { to = "/a", status = 301 }'), ["3: routes[0].redirect: is a table, and has to be a text"]],
  [route("respond = { body = {} }"), ["3: routes[0].respond.body: is a table, and has to be a text"]],
  [running("timeout = {}"), ["4: routes[0].timeout: is a table, and has to be a text or a whole number"]],
  [running("queue = {}"), ["4: routes[0].queue: is a table, and has to be a whole number"]],
  ["openapi = {}\npaths = {}", ["1: openapi: is a table, and has to be a text"]],
];

Deno.test("a value that the schema does not allow is told with its line, its key and the nearest valid one", () =>
  check(keys));

const files: readonly Wrong[] = [
  [
    `routes:
  - path: /x
    run: hello.py
    timout: 3
  - path: /y
    run: ./no.py
`,
    ['g.yaml:4: routes[0].timout: is no setting; did you mean "timeout"?'],
    "g.yaml",
  ],
  [
    `routes:
  - path: /x
    run: hello.py
  - path: /y
    run:
      - ./no.py
      - gzip
`,
    ["g.yaml:6: routes[1].run[0]: names ./no.py, which is not there"],
    "g.yaml",
  ],
  [
    `routes:
  - path: /x
    path: /y
    run: hello.py
`,
    ["g.yaml:3: routes[0].path: is here for the second time: the first is on line 2"],
    "g.yaml",
  ],
  [
    `- a
`,
    ["g.yaml:1: is a list, and has to be a table"],
    "g.yaml",
  ],
  [
    `hello
`,
    ["g.yaml:1: is a text, and has to be a table"],
    "g.yaml",
  ],
  [
    `routes:
  - path: /x
    run: !Splitted [hello.py, cat]
`,
    ["g.yaml:3: routes[0].run: has the tag !Splitted, which only urocket's files have"],
    "g.yaml",
  ],
  [
    `{
  "routes": [
    { "path": "/x", "run": "hello.py",
      "timout": 3 }
  ]
}`,
    ['g.json:4: routes[0].timout: is no setting; did you mean "timeout"?'],
    "g.json",
  ],
  [
    `{
  "routes": [],
  "routes": [] }`,
    ["g.json:3: routes: is here for the second time: the first is on line 2"],
    "g.json",
  ],
  [
    `{
  "routes": [,] }`,
    ["g.json:2: is no valid JSON: unexpected token ','"],
    "g.json",
  ],
  [
    `name = 'a'
name = 'b'`,
    ["2: is no valid TOML: trying to redefine an already defined table or value"],
  ],
  [
    `name = 
`,
    ["1: is no valid TOML: invalid value"],
  ],
  ["x", ["g.ini:1: has to be named with one of .toml, .yaml, .yml, .json at its end"], "g.ini"],
  [
    `paths: {}
routes: []
`,
    ["g.yaml:1: paths: does not go together with routes: a file is in one form"],
    "g.yaml",
  ],
  [
    `openapi: 3.0.0
info: {title: x}
paths: {}
`,
    ["g.yaml:1: is an OpenAPI document: a file of routes names it, as openapi.document"],
    "g.yaml",
  ],
  ["", ["1: has no routes: add [[routes]] or [openapi]"]],
];

Deno.test("a file that is none of its format, or of no form, is told where it begins to be wrong", () => check(files));

async function check(wrong: readonly Wrong[]): Promise<void> {
  await using folder = await makeConfigFolder();
  for (const [text, faults, name] of wrong) {
    deepEqual(folder.faults(text, name).map((line) => line.replace("gateway.toml:", "")), faults, text);
  }
}
