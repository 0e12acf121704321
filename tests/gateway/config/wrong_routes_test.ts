/** What is said of routes that can't be, each with its line, its key and what to do. */

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

const targets: readonly Wrong[] = [
  [
    `[[routes]]
path = "/a"
run = "./nope.py"

[[routes]]
path = "/b"
upstream = "ftp://x"
[[routes]]
path = "c"
static = "public"
[[routes]]
path="/d"
service="shop"`,
    [
      "3: routes[0].run: names ./nope.py, which is not there",
      '7: routes[1].upstream: is "ftp://x", which is no URL such as "http://127.0.0.1:9000"',
      '9: routes[2].path: is "c": a path begins with a slash',
      "13: routes[3].service: needs a [registry] with hubs, or a [mesh], to look in",
    ],
  ],
  [route(""), [
    "1: routes[0]: has no target: give one of run, chain, command, static, upstream, service, mesh, redirect, respond, loom, split",
  ]],
  [
    route(`run = 'hello.py'
static = 'public'`),
    ["1: routes[0]: has several targets, run, static: keep one"],
  ],
  [route('command = ["cat", "x\\u0000y", "z", "\\u0000"]'), [
    "3: routes[0].command[1]: holds a NUL byte",
    "3: routes[0].command[3]: holds a NUL byte",
  ]],
  [route('command = "cat x\\u0000y"'), ["3: routes[0].command: holds a NUL byte"]],
  [route('run = "hello.py x\\u0000y"'), ["3: routes[0].run: holds a NUL byte"]],
  [route('run = { file = "hello.py", args = ["a", "\\u0000"] }'), ["3: routes[0].run.args[1]: holds a NUL byte"]],
  [route('run = { command = ["cat", "\\u0000"], args = ["\\u0000"] }'), [
    "3: routes[0].run.command[1]: holds a NUL byte",
    "3: routes[0].run.args[0]: holds a NUL byte",
  ]],
  [running("status = 301"), ["4: routes[0].status: has no effect beside run: it goes with redirect"]],
  [answer("reply = true"), ["4: routes[0].reply: has no effect beside respond: it goes with run or command"]],
  [
    route(`run = ['hello.py', 'cat']
reply = true`),
    ["4: routes[0].reply: goes with one program: what a pipe writes is its answer"],
  ],
  [
    `[[routes]]
path = "/x"
respond = "x"

[[routes]]
path = "/x"
respond = "x"
`,
    ["5: routes[1]: matches the same as routes[0], line 1: only one of them would answer"],
  ],
  [
    `[[routes]]
path = "GET /a/:b"
respond = "x"

[[routes]]
path = "POST,GET /a/{c}"
respond = "y"`,
    ["5: routes[1]: matches the same as routes[0], line 1: only one of them would answer"],
  ],
  [route('service = "shop@^1"'), ["3: routes[0].service: needs a [registry] with hubs, or a [mesh], to look in"]],
  [
    `[registry]
hubs = "h:1"
[[routes]]
path = "/x"
service = "shop@^one"`,
    ['5: routes[0].service: is "shop@^one", which is no role such as "shop@^1"'],
  ],
  [route('mesh = "x"'), ["3: routes[0].mesh: needs a [mesh] to look in"]],
  [route("split = [{ weight = 1 }]"), [
    "3: routes[0].split[0]: has no target: give one of run, chain, command, static, upstream, service, mesh, redirect, respond, loom, split",
  ]],
  [route('run = "./nope.py"'), ["3: routes[0].run: names ./nope.py, which is not there"]],
  [route('run = "nope --x"'), [
    "3: routes[0].run: names nope, which is neither a file beside this one nor a command on PATH",
  ]],
  [route('run = "notes.txt"'), [
    "3: routes[0].run: names a file whose extension tells no language: make it executable (chmod +x), or give language",
  ]],
  [route('run = { file = "hello.py", language = "pyton" }'), [
    '3: routes[0].run.language: names pyton, which is no language; did you mean "python"?',
  ]],
  [route(`run = "hello.py 'x"`), ["3: routes[0].run: can't be parted into words: a quote has no end"]],
  [route('run = " "'), ["3: routes[0].run: names no program"]],
  [route('run = { args = ["x"] }'), ["3: routes[0].run: names no program: give file or command"]],
  [route('run = { file = "hello.py", command = "ls" }'), ["3: routes[0].run: has both file and command: keep one"]],
  [route('run = { command = "ls", language = "python", mode = "service" }'), [
    "3: routes[0].run.language: has no effect on a command: name a file",
    `3: routes[0].run.mode: can't be "service" for a command: name a file`,
  ]],
  [route('upstream = ["http://a", "localhost:80", "http://u:p@a", "http://a?x"]'), [
    '3: routes[0].upstream[1]: is "localhost:80", which is no URL such as "http://127.0.0.1:9000"',
    "3: routes[0].upstream[2]: has a name or password, which are not sent on",
    '3: routes[0].upstream[3]: is "http://a?x", which says more than a path',
  ]],
  [
    `[[routes]]
path = "/a/:b"
upstream = "http://a"
rewrite = "/v2/:c"`,
    ["4: routes[0].rewrite: uses :c, which the path does not have: it has b"],
  ],
  [
    `[[routes]]
path = "/a/:b"
upstream = "http://a"
rewrite = "v2"`,
    ['4: routes[0].rewrite: is "v2", which is no path such as "/new/:name"'],
  ],
  [route('redirect = "//evil.example"'), [
    '3: routes[0].redirect: is "//evil.example", which is no path such as "/new/:name"',
  ]],
  [route('redirect = "/:x-y"'), [
    '3: routes[0].redirect: is "/:x-y": /:x-y is neither plain text nor :name, {name} or *name',
  ]],
  [
    `[[routes]]
path = "x"
respond = "x"`,
    ['2: routes[0].path: is "x": a path begins with a slash'],
  ],
  [
    `[[routes]]
path = "/*a/b"
respond = "x"`,
    ['2: routes[0].path: is "/*a/b": a rest such as *rest stands at its end'],
  ],
  [
    `[[routes]]
path = "/:a/{a}"
respond = "x"`,
    ['2: routes[0].path: is "/:a/{a}": the parameter a stands in it twice'],
  ],
  [
    `[[routes]]
path = "/:1"
respond = "x"`,
    ['2: routes[0].path: is "/:1": "1" is no name of a parameter'],
  ],
  [
    `[[routes]]
path = "/a{b}c"
respond = "x"`,
    ['2: routes[0].path: is "/a{b}c": a{b}c is neither plain text nor :name, {name} or *name'],
  ],
  [
    `[[routes]]
path = "/:__proto__"
respond = "x"`,
    ['2: routes[0].path: is "/:__proto__": "__proto__" is no name of a parameter'],
  ],
  [
    `[[routes]]
path = "GET /a b"
respond = "x"`,
    ['2: routes[0].path: is "GET /a b", which is no path such as "/orders/:id" or "GET /orders/:id"'],
  ],
  [
    `[[routes]]
path = "GTE /a"
respond = "x"`,
    ['2: routes[0].path: names a method that is "GTE"; did you mean "GET"?'],
  ],
  [
    `[[routes]]
path = "GET /a"
method = "POST"
respond = "x"`,
    ["3: routes[0].method: is said in path too: keep one"],
  ],
  [route('static = "public"'), [
    `3: routes[0].static: names a folder, which answers all paths below one: the route's path has to end in a rest, such as "/*path"`,
  ]],
  [route('static = "nope"'), ["3: routes[0].static: names nope, which is not there"]],
  [
    `[[routes]]
path = "POST /a"
static = "cert.pem"`,
    ["3: routes[0].static: answers GET and HEAD, not POST"],
  ],
  [
    `[[routes]]
path = "/*p"
static = { root = "public", fallback = "../cert.pem" }`,
    ["3: routes[0].static.fallback: names ../cert.pem, which is not in the directory"],
  ],
  [route('loom = "data"'), [
    `3: routes[0].loom: answers all paths below one: the route's path has to end in a rest, such as "/streams/*rest"`,
  ]],
  [route('respond = { body = "x", json = 1 }'), ["3: routes[0].respond: has both body and json: keep one"]],
  [route('respond = { body = "x", status = 204 }'), [
    "3: routes[0].respond: has a body, which an answer of 204 can't have",
  ]],
  [
    route(`upstream = "http://a"
host = "a b"`),
    ['4: routes[0].host: is "a b", which is no host such as "api.example"'],
  ],
];

Deno.test("a target that can't be is told with its line and key", () => check(targets));

const policies: readonly Wrong[] = [
  [running('timeout = "365d"'), ["4: routes[0].timeout: is 31536000000 milliseconds: 2147483647 is the most"]],
  [answer(`headers = { "a b" = "x", content-length = "3", x = "a\\nb" }`), [
    '4: routes[0].headers["a b"]: is "a b", which is no name of a header field',
    "4: routes[0].headers.content-length: is set by the server itself",
    "4: routes[0].headers.x: is no value that a header field may have",
  ]],
  [
    answer(`stats = true
warm = 1`),
    [
      "4: routes[0].stats: has no effect: this target runs no program",
      "5: routes[0].warm: has no effect: this target runs no program",
    ],
  ],
  [running("auth = {}"), ["4: routes[0].auth: lets nobody in: give basic or bearer"]],
  [running("auth = { basic = ['a:b'], bearer = ['c'] }"), ["4: routes[0].auth: has both basic and bearer: keep one"]],
  [running("auth = { bearer = [{ env = 'NOPE' }, { env = 'EMPTY' }, { file = 'nope' }, {file = 'nothing'}, {}] }"), [
    "4: routes[0].auth.bearer[0].env: names the variable NOPE, which is not set",
    "4: routes[0].auth.bearer[1].env: names the variable EMPTY, which is empty",
    "4: routes[0].auth.bearer[2].file: names nope, which is not there",
    "4: routes[0].auth.bearer[3].file: names nothing, which is empty",
    "4: routes[0].auth.bearer[4]: says nothing: give env or file",
  ]],
  [running("auth = { basic = ['a:$apr1$x$y', 'b', 'c:sha256:12', 'secretvalue:'] }"), [
    "4: routes[0].auth.basic[0]: is a hash of a kind that is not known here: give sha256: and the digest in hex",
    "4: routes[0].auth.basic[1]: is not name:password",
    "4: routes[0].auth.basic[2]: is not sha256: and a digest of 64 hex digits",
    "4: routes[0].auth.basic[3]: is not name:password",
  ]],
  [running("auth = { bearer = ['a b'] }"), [
    "4: routes[0].auth.bearer[0]: is no bearer token: those have letters, digits and . _ ~ + / - with = at their end (RFC 6750)",
  ]],
  [running("auth = { basic = ['a:b', 'a:c'] }"), ["4: routes[0].auth.basic: has the user a twice"]],
  [running('rateLimit = "fast"'), ['4: routes[0].rateLimit: is "fast", which is no rate such as "100/1m"']],
  [running('rateLimit = { requests = 5, by = "user" }'), [
    "4: routes[0].rateLimit.by: counts by user, and nothing tells users apart: give auth",
  ]],
  [running('cors = { origins = "*", credentials = true }'), [
    "4: routes[0].cors.credentials: lets pages of all origins send the user's passwords: name the origins",
  ]],
  [running('cors = ["https://a.example/x", "a.example"]'), [
    '4: routes[0].cors[0]: is "https://a.example/x", which is no origin such as "https://app.example"',
    '4: routes[0].cors[1]: is "a.example", which is no origin such as "https://app.example"',
  ]],
  [
    running(`minBody = "2k"
maxBody = "1k"`),
    ["4: routes[0].minBody: leaves no body that may be sent: 2048 bytes are the least, and 1024 the most"],
  ],
  [running('env = { "A=B" = "1", NOPE = true, B = { env = "NOPE" } }'), [
    '4: routes[0].env["A=B"]: is no name of a variable',
    "4: routes[0].env.NOPE.env: names the variable NOPE, which is not set",
    "4: routes[0].env.B.env: names the variable NOPE, which is not set",
  ]],
  [running('env = { REQUEST_ID = "mine", SERVER_NAME = "x", HTTPS = "on", HTTP_X = "x", PARAM_X = "x" }'), [
    "4: routes[0].env.REQUEST_ID: has no effect: each request sets this variable",
    "4: routes[0].env.SERVER_NAME: has no effect: each request sets this variable",
  ]],
  [running('headers = { "__proto__" = "x", "a b" = "x" }'), [
    '4: routes[0].headers.__proto__: is "__proto__", which is no name of a header field',
    '4: routes[0].headers["a b"]: is "a b", which is no name of a header field',
  ]],
  [route('respond = { headers = { "__proto__" = "x" } }'), [
    '3: routes[0].respond.headers.__proto__: is "__proto__", which is no name of a header field',
  ]],
  [running('cwd = "nope"'), ["4: routes[0].cwd: names nope, which is not there"]],
];

Deno.test("what stands before a target is told where it can't be", () => check(policies));

async function check(wrong: readonly Wrong[]): Promise<void> {
  await using folder = await makeConfigFolder();
  for (const [text, faults, name] of wrong) {
    deepEqual(folder.faults(text, name).map((line) => line.replace("gateway.toml:", "")), faults, text);
  }
}
