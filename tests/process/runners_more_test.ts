/** The service-mode runners for JavaScript (Deno, Node, Bun), Lua and Tcl, each run as the server runs it. */

import { deepStrictEqual as equal, match, notStrictEqual as notEqual, ok } from "node:assert/strict";

type Dialect = "javascript" | "lua" | "tcl";

interface Interpreter {
  readonly command: string;
  readonly args: readonly string[];
  readonly dialect: Dialect;
}

interface Case {
  readonly name: string;
  readonly code: Partial<Record<Dialect, string>>;
  /** Ending of the script's file name, where it is not the dialect's usual one. */
  readonly extension?: string;
  /** The interpreters that can run it, where these are not all of the dialect. */
  readonly only?: readonly string[];
  readonly params?: unknown;
  readonly method?: string;
  readonly input?: string | Uint8Array<ArrayBuffer>;
  readonly args?: readonly string[];
  /** The exact standard output, or an assertion about it. */
  readonly out: string | Uint8Array<ArrayBuffer> | ((text: string) => void);
  /** What standard error says of a run that has to fail; a run without it has to succeed and to say nothing. */
  readonly error?: RegExp;
}

const deno = ["run", "--quiet", "--no-lock", "--no-config", "-A"];
const interpreters: readonly Interpreter[] = [
  { command: "deno", args: deno, dialect: "javascript" },
  { command: "node", args: [], dialect: "javascript" },
  { command: "bun", args: [], dialect: "javascript" },
  ...["lua5.4", "lua5.3", "lua5.2", "lua5.1", "luajit"].map((command) => ({
    command,
    args: [],
    dialect: "lua" as const,
  })),
  { command: "tclsh", args: [], dialect: "tcl" },
];
const runners: Record<Dialect, string> = { javascript: "javascript.js", lua: "lua.lua", tcl: "tcl.tcl" };
const extensions: Record<Dialect, string> = { javascript: ".js", lua: ".lua", tcl: ".tcl" };

const encoder = new TextEncoder();
const noise = crypto.getRandomValues(new Uint8Array(65536));
const binary = new Uint8Array(1 << 20).map((_, index) => noise[index % noise.length]);
const awkward = "$(id) `id` \"q\" 'q' \\ [exit] #{1} %s\nline two\tü €😀";

/** The response message with the default content type after the given fields. */
function message(body: string, status = 200, ...fields: string[]): string {
  const type = fields.some((field) => /^content-type/i.test(field)) ? [] : ["Content-Type: text/plain; charset=utf-8"];
  return [`HTTP/1.1 ${status} `, ...fields, ...type, "", body].join("\r\n");
}

const cases: readonly Case[] = [
  {
    name: "printed text comes after the default head",
    code: {
      javascript: `console.log("hi"); process.stdout.write("there")`,
      lua: `print("hi") io.write("there")`,
      tcl: `puts hi; puts -nonewline there`,
    },
    out: message("hi\nthere"),
  },
  {
    name: "a script that prints nothing gives an empty response",
    code: { javascript: ``, lua: ``, tcl: `` },
    out: message(""),
  },
  {
    name: "a status set before an answer without a body",
    code: { javascript: `service.res.status(418)`, lua: `service.res:status(418)`, tcl: `service status 418` },
    out: message("", 418),
  },
  {
    name: "status and headers set before the first print",
    code: {
      javascript: `hook.res.statusCode = 418; hook.res.setHeader("X-A", "1"); hook.res.append("X-A", "2");
        hook.res.header("X-B", 3).header("x-c", "4").remove("X-C"); console.log("hi")`,
      lua: `hook.res:status(418):header("X-A", "1"):append("X-A", "2"):header("X-B", 3)
        hook.res:header("x-c", "4"):remove("X-C") print("hi")`,
      tcl: `hook status 418; hook res header X-A 1; hook append X-A 2; hook header X-B 3
        hook header x-c 4; hook remove X-C; puts hi`,
    },
    out: message("hi\n", 418, ...["X-A: 1", "X-A: 2", "X-B: 3"]),
  },
  {
    name: "json() sends JSON with its content type",
    params: { text: awkward },
    code: {
      javascript: `Hook.res.json({ list: [1, 2.5, true], text: Hook.params.text })`,
      lua: `Hook.res:json({ list = { 1, 2.5, true }, text = Hook.params.text })`,
      tcl: `Hook json [json object list [json array 1 2.5 true] text [json string [Hook params text]]]`,
    },
    out: (text) => { // each language has an order and escapes of its own
      const head = message("", 200, "Content-Type: application/json");
      equal(text.slice(0, head.length), head);
      equal(JSON.parse(text.slice(head.length)), { list: [1, 2.5, true], text: awkward });
    },
  },
  {
    name: "trailers are sent after a chunk-coded body",
    code: {
      javascript: `service.res.trailer("X-Sum", "abc"); console.log("hi"); service.res.write(""); service.res.end("ü")`,
      lua: `service.res:trailer("X-Sum", "abc") print("hi") service.res:write("") service.res:finish("ü")`,
      tcl: `service trailer X-Sum abc; puts hi; service write ""; service end ü`,
    },
    out: message(
      "3\r\nhi\n\r\n2\r\nü\r\n0\r\nX-Sum: abc\r\n\r\n",
      200,
      ...["Trailer: X-Sum", "Content-Type: text/plain; charset=utf-8", "Transfer-Encoding: chunked"],
    ),
  },
  {
    name: "a declared trailer may be set after the first byte, and the exit ends the coding",
    code: {
      javascript:
        `service.res.header("Trailer", "X-Sum"); console.log("hi"); service.res.addTrailers({ "X-Sum": "abc" })`,
      lua: `service.res:header("Trailer", "X-Sum") print("hi") service.res:trailer("X-Sum", "abc")`,
      tcl: `service header Trailer X-Sum; puts hi; service trailer X-Sum abc`,
    },
    out: message(
      "3\r\nhi\n\r\n0\r\nX-Sum: abc\r\n\r\n",
      200,
      ...["Trailer: X-Sum", "Content-Type: text/plain; charset=utf-8", "Transfer-Encoding: chunked"],
    ),
  },
  {
    name: "parameters are data: nothing in them is run, and their bytes stay",
    params: { text: awkward, "__proto__x": 1, "constructor": "c", list: ["a", { b: [] }], escaped: "\u0001\u2028" },
    code: {
      javascript:
        `console.log(service.params.text + service.params.constructor + service.params.list[0] + service.params.escaped)`,
      lua: `local p = service.params print(p.text .. p.constructor .. p.list[1] .. p.escaped)`,
      tcl:
        `puts [service params text][dict get $service params constructor][lindex [service params list] 0][service params escaped]`,
    },
    out: message(awkward + "ca\u0001\u2028\n"),
  },
  {
    name: "arguments are those of the script",
    args: ["one", "zwö"],
    code: {
      javascript: `console.log(process.argv.slice(2).join(), (globalThis.Deno?.args ?? process.argv.slice(2)).join())`,
      lua: `print(table.concat(arg, ",") .. " " .. table.concat({ ... }, ","))`,
      tcl: `puts "[join $argv ,] [join $argv ,]"`,
    },
    out: message("one,zwö one,zwö\n"),
  },
  {
    name: "the request's data is in req",
    method: "PUT",
    code: {
      javascript:
        `const { req } = service; console.log(req.method, req.path, req.headers["x-h"], service.request === req)`,
      lua:
        `local req = service.req print(req.method .. " " .. req.path .. " " .. req.headers["x-h"] .. " " .. tostring(service.request == req))`,
      tcl: `puts "[service req method] [service request path] [service req headers x-h] true"`,
    },
    out: message("PUT /p value true\n"),
  },
  {
    name: "env has the variables of the process, without the request",
    code: {
      javascript: `console.log(service.env.GREETING, service.env.SLUICE_REQUEST, process.env.SLUICE_REQUEST)`,
      lua: `print(service.env.GREETING .. " undefined " .. tostring(os.getenv("SLUICE_REQUEST") or "undefined"))`,
      tcl:
        `puts "[service env GREETING] [service env SLUICE_REQUEST undefined] [expr {[info exists env(SLUICE_REQUEST)] ? 1 : "undefined"}]"`,
    },
    out: message("grüße undefined undefined\n"),
  },
  {
    name: "an error before the first byte writes nothing",
    code: { javascript: `throw new Error("boom")`, lua: `error("boom")`, tcl: `error boom` },
    out: "",
    error: /boom/,
  },
  {
    name: "a script that does not parse writes nothing",
    code: { javascript: `const = module.exports`, lua: `local x = =`, tcl: `puts "` },
    out: "",
    error: /\S/,
  },
  {
    name: "an error after the first byte leaves what was written",
    code: {
      javascript: `console.log("hi"); await 0; throw new Error("boom")`,
      lua: `print("hi") error({})`,
      tcl: `puts hi; error boom`,
    },
    out: message("hi\n"),
    error: /boom|error object/,
  },
  {
    name: "an error leaves the chunked coding open",
    code: {
      javascript: `service.res.trailer("X-Sum", "abc"); console.log("hi"); throw new Error("boom")`,
      lua: `service.res:trailer("X-Sum", "abc") print("hi") error("boom")`,
      tcl: `service trailer X-Sum abc; puts hi; error boom`,
    },
    out: message(
      "3\r\nhi\n\r\n",
      200,
      ...["Trailer: X-Sum", "Content-Type: text/plain; charset=utf-8", "Transfer-Encoding: chunked"],
    ),
    error: /boom/,
  },
  {
    name: "error() before the first byte writes nothing",
    code: {
      javascript: `service.res.error("no luck")`,
      lua: `service.res:error("no luck")`,
      tcl: `service error "no luck"`,
    },
    out: "",
    error: /^no luck\n$/,
  },
  {
    name: "an exit code other than 0 before the first byte writes nothing",
    code: {
      javascript: `console.error("bye"); process.exit(3)`,
      lua: `io.stderr:write("bye") os.exit(3)`,
      tcl: `puts stderr bye; exit 3`,
    },
    out: "",
    error: /bye/,
  },
  {
    name: "exit 0 in the middle is a clean end",
    code: {
      javascript: `setInterval(() => {}, 1000); console.log("hi"); process.exit(0)`,
      lua: `io.write("hi\\n") os.exit(0)`,
      tcl: `puts hi; exit 0`,
    },
    out: message("hi\n"),
  },
  {
    name: "a status after the first byte is an error",
    code: {
      javascript: `console.log("hi"); service.res.status(404)`,
      lua: `print("hi") service.res:status(404)`,
      tcl: `puts hi; service status 404`,
    },
    out: message("hi\n"),
    error: /Cannot set status: the head has been sent/,
  },
  {
    name: "a write after the end is an error",
    code: {
      javascript: `service.res.end("hi"); service.res.write("more")`,
      lua: `service.res:finish("hi") print("more")`,
      tcl: `service end hi; puts more`,
    },
    out: message("hi"),
    error: /Cannot write: the response has ended/,
  },
  {
    name: "a status out of range is an error",
    code: { javascript: `service.res.status(600)`, lua: `service.res:status(600)`, tcl: `service status 600` },
    out: "",
    error: /Cannot set status: 600 is not an integer from 200 to 599/,
  },
  {
    name: "a header value cannot bring another header",
    params: { name: "a\r\nSet-Cookie: evil=1" },
    code: {
      javascript: `service.res.setHeader("X-Name", service.params.name)`,
      lua: `service.res:header("X-Name", service.params.name)`,
      tcl: `service header X-Name [service params name]`,
    },
    out: "",
    error: /Cannot set header X-Name/,
  },
  {
    name: "a header name has to be a token",
    code: {
      javascript: `service.res.setHeader("X Name:", "v")`,
      lua: `service.res:header("X Name:", "v")`,
      tcl: `service header "X Name:" v`,
    },
    out: "",
    error: /Cannot set header: "X Name:" is not a token/,
  },
  {
    name: "what a child process prints comes after the head",
    code: {
      javascript: `console.log("first"); service.res.flush();
        const { spawnSync } = await import("node:child_process");
        spawnSync("echo", ["second"], { stdio: ["ignore", "inherit", "inherit"] }); console.log("third")`,
      lua: `io.write("first\\n") os.execute("echo second") print("third")`,
      tcl: `puts -nonewline "first\\n"; exec echo second >@stdout; puts third`,
    },
    out: message("first\nsecond\nthird\n"),
  },
  {
    name: "1 MiB of binary data goes through unchanged",
    method: "POST",
    input: binary,
    code: {
      javascript: `service.req.pipe(service.res)`,
      lua: `for chunk in function() return service.req:read(65536) end do service.res:write(chunk) end`,
      tcl:
        `chan configure stdin -translation binary; chan configure stdout -translation binary; chan copy stdin stdout`,
    },
    out: new Uint8Array([...encoder.encode(message("")), ...binary]),
  },
  {
    name: "bytes can be written between text",
    code: {
      javascript:
        `service.res.write("ü"); service.res.write(new Uint8Array([255, 0])); service.res.end("/w==", "base64")`,
      lua: `service.res:write("ü", "\\255\\0") service.res:finish("\\255")`,
      tcl: `service write ü; service write -binary \\xff\\x00; service write -binary \\xff`,
    },
    out: new Uint8Array([...encoder.encode(message("ü")), 255, 0, 255]),
  },
];

const fetchHead = (status: number, ...fields: string[]) => message("", status, ...fields);
const javascriptCases: readonly Case[] = [
  {
    name: "export default a Fetch handler",
    method: "POST",
    input: "body",
    code: {
      javascript: `export default async (request, service) =>
        new Response(request.method + await request.text() + request.headers.get("x-h") + service.params.name,
          { status: 201, headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["content-type", "a/b"]] });`,
    },
    params: { name: "Ada" },
    out: fetchHead(201, "content-type: a/b", "set-cookie: a=1", "set-cookie: b=2") + "POSTbodyvalueAda",
  },
  {
    name: "export default { fetch } with a streamed response",
    method: "POST",
    input: binary,
    extension: ".mjs",
    code: { javascript: `export default { fetch: (request) => new Response(request.body) };` },
    out: new Uint8Array([...encoder.encode(message("")), ...binary]),
  },
  {
    name: "export default a handler that uses the service",
    code: {
      javascript: `export default (_request, { res }) => { res.status(418); setTimeout(() => res.end("hi"), 5); }`,
    },
    out: message("hi", 418),
  },
  {
    name: "a Fetch handler that gives something else has failed",
    code: { javascript: `export default () => ({ status: 200 })` },
    out: "",
    error: /Cannot answer: the handler returned object, not a Response/,
  },
  {
    name: "a Fetch handler that never answers has failed",
    code: { javascript: `export default () => new Promise(() => {})` },
    out: "",
    error: /waits for what can no longer happen/,
  },
  {
    name: "a response stream that fails leaves the response open",
    code: {
      javascript: `export default () => new Response(new ReadableStream({
        start(controller) { controller.enqueue(new TextEncoder().encode("hi")); },
        pull(controller) { controller.error(new Error("boom")); } }, { highWaterMark: 0 }));`,
    },
    out: message("hi"),
    error: /boom/,
  },
  {
    name: "module.exports a stack function, ended though a timer is left",
    code: {
      javascript:
        `module.exports = function (service) { setInterval(() => {}, 1000); service.res.write("hi "); service.res.end("you") }`,
    },
    out: message("hi you"),
  },
  {
    name: "module['exports'] with writeHead and require",
    code: {
      javascript: `const { basename } = require("path");
        module["exports"] = (hook) => { hook.res.writeHead(201, "Made", { "X-A": ["1", "2"] }); hook.res.end(basename(__filename)) }`,
    },
    out: message("script.js", 201, "X-A: 1", "X-A: 2"),
  },
  {
    name: "an async stack function without end()",
    extension: ".cjs",
    code: {
      javascript:
        `module.exports = async (service) => { await new Promise((resolve) => setTimeout(resolve, 5)); service.res.write("hi") }`,
    },
    out: message("hi"),
  },
  {
    name: "a plain script that reads the body by events",
    method: "POST",
    input: "body",
    code: {
      javascript: `let text = ""; service.req.setEncoding("utf8").on("data", (data) => text += data)
        .on("end", () => service.res.end(text.toUpperCase()));`,
    },
    out: message("BODY"),
  },
  {
    name: "a plain script that iterates over the body",
    method: "POST",
    input: "body",
    code: { javascript: `for await (const chunk of service.req) console.log(String(chunk))` },
    out: message("body\n"),
  },
  {
    name: "stream.pipeline from the request to the response",
    method: "POST",
    input: "body",
    code: { javascript: `require("stream").pipeline(service.req, service.res, (error) => { if (error) throw error })` },
    out: message("body"),
  },
  {
    name: "import statements beside the names of CommonJS",
    code: {
      javascript: `import { createRequire } from "node:module"; import { stdout } from "node:process";
        const require = createRequire(import.meta.url); stdout.write(typeof require("node:path").join)`,
    },
    out: message("function"),
  },
  {
    name: "an unhandled rejection is a failure",
    code: { javascript: `Promise.reject(new Error("boom"))` },
    out: "",
    error: /boom/,
  },
  {
    name: "every printing method of the console is framed",
    code: {
      javascript: `service.res.trailer("X-T", "t"); console.info("a"); console.group("b"); console.log("c")`,
    },
    out: message(
      "2\r\na\n\r\n2\r\nb\n\r\n4\r\n  c\n\r\n0\r\nX-T: t\r\n\r\n",
      200,
      ...["Trailer: X-T", "Content-Type: text/plain; charset=utf-8", "Transfer-Encoding: chunked"],
    ),
  },
  {
    name: "Deno.stdout and Deno.exit",
    only: ["deno"],
    code: {
      javascript: `service.res.status(418); await Deno.stdout.write(new TextEncoder().encode("hi"));
        const writer = Deno.stdout.writable.getWriter(); await writer.write(new TextEncoder().encode(" you")); Deno.exit(0)`,
    },
    out: message("hi you", 418),
  },
  {
    name: "TypeScript",
    only: ["deno", "bun"],
    extension: ".ts",
    code: {
      javascript:
        `export default (request: Request): Response => new Response(request.method as string, { headers: { "content-type": "a/b" } })`,
    },
    out: message("GET", 200, "content-type: a/b"),
  },
  {
    name: "a name that is also a prototype's is only data",
    params: JSON.parse(`{"__proto__": {"polluted": true}, "constructor": "c"}`),
    code: { javascript: `console.log({}.polluted, Object.keys(service.params).join(), service.params.constructor)` },
    out: message("undefined __proto__,constructor c\n"),
  },
];

interface Outcome {
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: string;
  readonly success: boolean;
}

function request(test: Partial<Case>): string {
  return JSON.stringify({
    id: "1",
    method: test.method ?? "GET",
    url: "http://localhost:3000/p?q=1",
    path: "/p",
    headers: { "x-h": "value" },
    remoteAddress: "127.0.0.1",
    query: { q: "1" },
    params: test.params ?? {},
    files: {},
    body: null,
  });
}

/** Starts a script under its runner, in the directory, with an environment of nothing but what is named here. */
function start(interpreter: Interpreter, directory: string, test: Partial<Case>, env: Record<string, string>) {
  const extension = test.extension ?? extensions[interpreter.dialect];
  const script = `${directory}/script${extension}`;
  Deno.writeTextFileSync(script, test.code?.[interpreter.dialect] ?? "");
  const runner = new URL(`../../src/process/runners/${runners[interpreter.dialect]}`, import.meta.url).pathname;
  return new Deno.Command(interpreter.command, {
    args: [...interpreter.args, runner, script, ...test.args ?? []],
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: directory, LANG: "C", LC_ALL: "C", NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(interpreter: Interpreter, test: Partial<Case>, env?: Record<string, string>): Promise<Outcome> {
  const directory = await Deno.makeTempDir();
  try {
    const given = env ?? { SLUICE_REQUEST: request(test), GREETING: "grüße" };
    const child = start(interpreter, directory, test, given);
    // A script that does not read its input may be gone before it is written.
    const fed = new Response(test.input ?? "").body!.pipeTo(child.stdin).catch(() => {});
    const { stdout, stderr, success } = await child.output();
    await fed;
    return { stdout: stdout as Uint8Array<ArrayBuffer>, stderr: new TextDecoder().decode(stderr), success };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function check(test: Case, outcome: Outcome): void {
  if (typeof test.out === "function") test.out(new TextDecoder().decode(outcome.stdout));
  else if (typeof test.out === "string") equal(new TextDecoder().decode(outcome.stdout), test.out, outcome.stderr);
  else ok(equalBytes(outcome.stdout, test.out), "the bytes differ");
  if (test.error === undefined) equal(outcome.stderr, "");
  else match(outcome.stderr, test.error);
  equal(outcome.success, test.error === undefined);
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

async function found(command: string): Promise<boolean> {
  const places = (Deno.env.get("PATH") ?? "").split(":");
  const stats = await Promise.all(places.map((place) => Deno.stat(`${place}/${command}`).catch(() => undefined)));
  return stats.some((stat) => stat?.isFile);
}

for (const interpreter of interpreters) {
  const { command, dialect } = interpreter;
  const present = await found(command);
  if (!present) console.log(`Skipped: ${command} is not installed`);
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${command}: ${name}`, ignore: !present, fn });

  for (const entry of dialect === "javascript" ? [...cases, ...javascriptCases] : cases) {
    if (entry.only && !entry.only.includes(command)) continue;
    test(entry.name, async () => {
      check(entry, await run(interpreter, entry));
    });
  }

  test("a long request comes in a file", async () => {
    const file = await Deno.makeTempFile();
    try {
      const big = awkward.repeat(30_000);
      await Deno.writeTextFile(file, request({ params: { big } }));
      const code = {
        javascript: `process.stdout.write(service.params.big)`,
        lua: `io.write(service.params.big)`,
        tcl: `puts -nonewline [service params big]`,
      };
      check({ name: "", code, out: message(big) }, await run(interpreter, { code }, { SLUICE_REQUEST_FILE: file }));
    } finally {
      await Deno.remove(file);
    }
  });

  test("without a request, or with a broken one, it fails and writes nothing", async () => {
    for (
      const env of [
        {},
        ...["", "{", '{"a":1}x', '{"a":01}', '["\\x"]', '{"a" 1}', "[1,]"].map((text) => ({ SLUICE_REQUEST: text })),
      ]
    ) {
      const outcome = await run(interpreter, {}, env as Record<string, string>);
      equal([outcome.stdout.length, outcome.success], [0, false], JSON.stringify(env));
      notEqual(outcome.stderr, "");
    }
  });

  test("the first piece is out before the second is made", async () => {
    const directory = await Deno.makeTempDir();
    const code = {
      javascript: `service.res.write("one"); for await (const go of service.req) service.res.write(String(go))`,
      lua: `print("one") for line in io.lines() do service.res:write(line) end`,
      tcl: `puts one; while {[gets stdin line] >= 0} {service write $line}`,
    };
    const child = start(interpreter, directory, { code }, { SLUICE_REQUEST: request({ method: "POST" }) });
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const writer = child.stdin.getWriter();
    let seen = "";
    const until = async (text: string) => {
      while (!seen.endsWith(text)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`The output ended after ${JSON.stringify(seen)}`);
        seen += value;
      }
    };
    await until(dialect === "javascript" ? "one" : "one\n");
    await writer.write(encoder.encode("two\n"));
    await until(dialect === "javascript" ? "two\n" : "two");
    await writer.close();
    ok((await reader.read()).done);
    equal((await child.status).success, true);
    await child.stderr.cancel();
    await Deno.remove(directory, { recursive: true });
  });

  test("it ends without a word when the reader has left", async () => {
    const directory = await Deno.makeTempDir();
    const code = {
      javascript: `for (;;) service.res.write("x".repeat(65536))`,
      lua: `while true do io.write(("x"):rep(65536)) end`,
      tcl: `while 1 {puts [string repeat x 65536]}`,
    };
    const child = start(interpreter, directory, { code }, { SLUICE_REQUEST: request({}) });
    await child.stdin.close();
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    equal(await new Response(child.stderr).text(), "");
    equal((await child.status).success, false);
    await Deno.remove(directory, { recursive: true });
  });
}

for (const command of ["deno", "node", "bun"]) {
  Deno.test({
    name: `${command}: SLUICE_SOURCE is where a compiled script resolves from`,
    ignore: !await found(command),
    async fn() {
      const directory = await Deno.makeTempDir();
      try {
        await Deno.mkdir(`${directory}/cache`);
        await Deno.writeTextFile(`${directory}/lib.js`, `exports.word = "lib"`);
        await Deno.writeTextFile(`${directory}/script.coffee`, `the source`);
        const interpreter = interpreters.find((entry) => entry.command === command)!;
        const code = { javascript: `console.log(require("./lib").word, __filename, service.env.SLUICE_SOURCE)` };
        const source = await Deno.realPath(`${directory}/script.coffee`);
        const env = { SLUICE_REQUEST: request({}), SLUICE_SOURCE: source };
        const child = start(interpreter, `${directory}/cache`, { code }, env);
        await child.stdin.close();
        const { stdout, stderr } = await child.output();
        equal(new TextDecoder().decode(stderr), "");
        equal(new TextDecoder().decode(stdout), message(`lib ${source} undefined\n`));
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
