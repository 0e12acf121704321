/** The library: `program()` and `spawn()` where their users put them. */

import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { Hono } from "hono";
import { type ExitReport, type Handler, mountAll, program, spawn } from "../../mod.ts";
import { makeFolder } from "../support/folder.ts";
import { listen } from "../support/in_process.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { until, within } from "../support/within.ts";

const get = (path = "/", init?: RequestInit) => new Request(`http://localhost${path}`, init);
const post = (body: BodyInit, headers?: HeadersInit) => get("/", { method: "POST", body, headers });

/** Serves a handler by `Deno.serve`, as it is in its documentation. */
function denoServe(handler: Deno.ServeHandler): { url: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** A shell program that says its pid on the lifeline, begins to answer, and stays, with a child. */
const staying = 'exec 9>"$LIFELINE"; sleep 1000 & echo "$$" >&9; echo begun; wait';

Deno.test("a program is a handler: without a server, Request in, Response out", async () => {
  await using shout = program({ command: ["tr", "a-z", "A-Z"] });
  const response = await shout(post("hello"));
  deepEqual([response.status, await response.text()], [200, "HELLO"]);
});

Deno.test("a program runs under Deno.serve, and knows the client's address", async () => {
  await using where = program({ code: 'echo "$REMOTE_ADDR $REQUEST_METHOD $PARAM_q"', language: "sh" });
  await using server = denoServe(where);
  equal(await (await fetch(`${server.url}/?q=1`)).text(), "127.0.0.1 GET 1\n");
});

Deno.test("a program under Deno.serve streams both ways at once", async () => {
  await using cat = program({ command: ["cat"] });
  await using server = denoServe(cat);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answer = fetch(server.url, { method: "POST", body: readable });
  await writer.write(new TextEncoder().encode("one"));
  const response = await within("the head comes before the body has ended", answer);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  equal((await reader.read()).value, "one");
  await writer.write(new TextEncoder().encode("two"));
  equal((await reader.read()).value, "two");
  await writer.close();
  equal((await reader.read()).done, true);
});

Deno.test("a program is mounted in Hono, behind its middleware", async () => {
  await using cat = program({ command: ["cat"] });
  await using where = program({ code: 'echo "$SCRIPT_NAME|$PATH_INFO"', language: "sh", mount: "/where" });
  const app = new Hono();
  app.use("/secret/*", async (context, next) => {
    if (context.req.header("authorization") !== "Bearer token") return context.text("no", 401);
    await next();
    context.header("x-middleware", "seen");
  });
  app.all("/secret/cat", (context) => cat(context.req.raw));
  app.all("/where/*", (context) => where(context.req.raw));
  app.get("/inside", (context) => context.text("hono"));
  await using server = await listen((request) => app.fetch(request));

  const refused = await fetch(`${server.url}/secret/cat`, { method: "POST", body: "x" });
  deepEqual([refused.status, await refused.text()], [401, "no"]);
  const headers = { authorization: "Bearer token" };
  const allowed = await fetch(`${server.url}/secret/cat`, { method: "POST", body: "x", headers });
  deepEqual([allowed.status, allowed.headers.get("x-middleware"), await allowed.text()], [200, "seen", "x"]);
  equal(await (await fetch(`${server.url}/where/a/b`)).text(), "/where|/a/b\n");
  equal(await (await fetch(`${server.url}/inside`)).text(), "hono");
});

Deno.test("a router's parameters reach the program, and the query wins over them", async () => {
  await using show = program({ code: 'echo "$PARAM_id $PARAM_kind"', language: "sh" });
  const app = new Hono();
  app.get("/things/:kind/:id", (context) => show(context.req.raw, { params: context.req.param() }));
  equal(await (await app.request("/things/book/7")).text(), "7 book\n");
  equal(await (await app.request("/things/book/7?kind=cd")).text(), "7 cd\n");
});

Deno.test("middleware before a program is a function around it", async () => {
  await using cat = program({ command: ["cat"] });
  const marked = (inner: Handler): Handler => async (request, info) => {
    const response = await inner(new Request(request, { headers: { ...Object.fromEntries(request.headers) } }), info);
    response.headers.set("x-around", "1");
    return response;
  };
  await using server = await listen(marked(cat));
  const response = await fetch(server.url, { method: "POST", body: "around" });
  deepEqual([response.headers.get("x-around"), await response.text()], ["1", "around"]);
});

Deno.test("an inline function is a program of its own", async () => {
  await using hello = program({
    code: (service) => {
      service.res.status(201);
      service.res.end(`hello ${service.params.name}`);
    },
  });
  const response = await hello(get("/?name=Ada"));
  deepEqual([response.status, await response.text()], [201, "hello Ada"]);
  equal(hello.language, "javascript");
});

Deno.test("inline code needs its language and runs in any of them", async () => {
  throws(() => program({ code: "print(1)" }), { name: "TypeError", message: /Cannot tell the language/ });
  const sources: Record<string, string> = {
    python: "print(service.params['n'])",
    perl: 'print $service->{params}{n}, "\\n";',
    awk: 'BEGIN { print ENVIRON["PARAM_n"] }',
    typescript: "const n: string = service.params.n; console.log(n);",
  };
  for (const [language, code] of Object.entries(sources)) {
    await using inline = program({ code, language });
    equal(await (await inline(get("/?n=5"))).text(), "5\n", language);
  }
});

Deno.test("several services run beside each other and do not touch each other", async () => {
  await using good = program({ command: ["cat"], mount: "/good" });
  await using bad = program({ command: ["false"], mount: "/bad" });
  await using slow = program({ command: ["sleep", "1000"], mount: "/slow", timeoutMs: 300 });
  await using server = await listen(mountAll({ "/good": good, "/bad": bad, "/slow": slow }));
  const statuses = await Promise.all(
    ["/good", "/bad", "/slow", "/good", "/bad", "/good"].map(async (path) => {
      const response = await fetch(server.url + path, { method: "POST", body: "x" });
      await response.body?.cancel();
      return response.status;
    }),
  );
  deepEqual(statuses, [200, 502, 504, 200, 502, 200]);
});

Deno.test("spawn() runs a program for one request", async () => {
  const response = await spawn(get("/?name=Ada"), { code: 'echo "hello $PARAM_name"', language: "sh" });
  deepEqual([response.status, await response.text()], [200, "hello Ada\n"]);
  await rejects(spawn(get(), { file: "no-such-file.py" }), Deno.errors.NotFound);
});

Deno.test("the request's signal stops the process and all it started", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using stay = program({ code: staying, language: "sh", timeoutMs: 0, env: { LIFELINE: lifeline.path } });
  const leaving = new AbortController();
  const response = await stay(get("/", { signal: leaving.signal }));
  const reader = response.body!.getReader();
  equal(new TextDecoder().decode((await reader.read()).value), "begun\n");
  leaving.abort();
  await rejects(reader.read());
  await lifeline.gone();
});

Deno.test("a signal that has aborted before starts no process", async () => {
  const exits: ExitReport[] = [];
  await using stay = program({ command: ["sleep", "1000"], onExit: (report) => exits.push(report) });
  const response = await within("an answer", Promise.resolve(stay(get("/", { signal: AbortSignal.abort() }))));
  ok(response.status >= 400, `it is ${response.status}`);
  await response.body?.cancel();
});

Deno.test("cancelling the response's body stops the process", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using stay = program({ code: staying, language: "sh", timeoutMs: 0, env: { LIFELINE: lifeline.path } });
  const response = await stay(get());
  await response.body!.cancel();
  await lifeline.gone();
});

Deno.test("the client that leaves a Deno.serve server stops the process", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using stay = program({ code: staying, language: "sh", timeoutMs: 0, env: { LIFELINE: lifeline.path } });
  await using server = denoServe(stay);
  const leaving = new AbortController();
  const response = await fetch(server.url, { signal: leaving.signal });
  await lifeline.line();
  leaving.abort();
  await rejects(response.text());
  await lifeline.gone();
});

Deno.test("an answer without a body lets the program run to its end, under Deno.serve too", async () => {
  const exits: ExitReport[] = [];
  await using folder = await makeFolder();
  await new Deno.Command("mkfifo", { args: [folder.file("fifo")] }).output();
  await using slow = program({
    code: 'echo begun; read -r line <"$FIFO"; echo ended >"$FILE"',
    language: "sh",
    timeoutMs: 0,
    env: { FILE: folder.file("ended"), FIFO: folder.file("fifo") },
    onExit: (report) => exits.push(report),
  });
  await using server = denoServe(slow);
  const response = await fetch(server.url, { method: "HEAD" });
  equal(response.status, 200);
  // Whoever opens a fifo waits for the other end: a process that can be ended does it for us.
  const go = new Deno.Command("sh", { args: ["-c", 'echo go >"$0"', folder.file("fifo")] }).spawn();
  try {
    await until("it has ended", () => exits.length === 1);
  } finally {
    killQuietly(go);
    await go.status;
  }
  deepEqual([exits[0].code, exits[0].error], [0, undefined]);
  equal(await Deno.readTextFile(folder.file("ended")), "ended\n");
});

Deno.test("disposing a program ends all its processes and refuses what comes later", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  const exits: ExitReport[] = [];
  const stay = program({
    code: staying,
    language: "sh",
    timeoutMs: 0,
    env: { LIFELINE: lifeline.path },
    onExit: (report) => exits.push(report),
  });
  const responses = await Promise.all(Array.from({ length: 5 }, () => stay(get())));
  await stay[Symbol.asyncDispose]();
  equal(exits.length, 5);
  await lifeline.gone();
  for (const response of responses) await rejects(response.text(), { name: "HttpError" });
  const late = await stay(get());
  equal(late.status, 503);
  await late.body?.cancel();
});

Deno.test("disposing a program ends requests whose bodies still come in, and waits for them", async () => {
  const types = [["application/json", '{"a":'], ["multipart/form-data; boundary=b", "--b\r\n"]];
  for (const [type, begin] of types) {
    const exits: ExitReport[] = [];
    const parse = program({ code: "print()", language: "python", onExit: (report) => exits.push(report) });
    const begun = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(begin)),
      pull: () => begun.resolve(),
    }, { highWaterMark: 1 });
    const answer = Promise.resolve(parse(post(body, { "content-type": type })));
    await begun.promise;
    await within(`a program is disposed that is sent ${type}`, Promise.resolve(parse[Symbol.asyncDispose]()));
    const response = await within(`the request of ${type} ends`, answer, 1000);
    equal(response.status, 503);
    await response.body?.cancel();
    deepEqual(exits, []);
  }
});

Deno.test("the program's own signal stops its runs as well", async () => {
  const stopping = new AbortController();
  await using stay = program({
    code: "echo begun; exec sleep 1000",
    language: "sh",
    timeoutMs: 0,
    signal: stopping.signal,
  });
  const response = await stay(get());
  stopping.abort();
  await rejects(response.text(), { name: "HttpError", status: 503 });
  const late = await stay(get());
  equal(late.status, 503);
  await late.body?.cancel();
});

Deno.test("onExit tells how each process ended and what it used", async () => {
  const exits: ExitReport[] = [];
  await using either = program({
    code: 'echo aside >&2; exit "$PARAM_code"',
    language: "sh",
    onExit: (report) => exits.push(report),
  });
  await (await either(get("/?code=0", { headers: { "x-request-id": "good" } }))).text();
  await (await either(get("/?code=7", { headers: { "x-request-id": "bad" } }))).text();
  await until("both have ended", () => exits.length === 2);
  const [good, bad] = ["good", "bad"].map((id) => exits.find(({ requestId }) => requestId === id)!);
  deepEqual([good.requestId, good.code, good.signal, good.error, good.stderrBytes], ["good", 0, null, undefined, 6]);
  deepEqual([bad.requestId, bad.code, bad.signal, bad.error?.name, bad.stderrBytes], [
    "bad",
    7,
    null,
    "ProgramError",
    6,
  ]);
  ok(good.usage && good.usage.maxRssBytes > 0 && good.usage.userMs >= 0);
});

Deno.test("onStderr takes standard error line by line, with the request's id", async () => {
  const lines: [string, string][] = [];
  await using noisy = program({
    code: "printf 'one\\ntwo\\r\\nthree' >&2; echo answer",
    language: "sh",
    onStderr: (line, id) => lines.push([line, id]),
  });
  equal(await (await noisy(get("/", { headers: { "x-request-id": "r" } }))).text(), "answer\n");
  await until("three lines", () => lines.length === 3);
  deepEqual(lines, [["one", "r"], ["two", "r"], ["three", "r"]]);
});

Deno.test("prepare() builds a compiled program and throws what its compiler said", async () => {
  await using folder = await makeFolder({
    "good.c": `#include <stdio.h>\nint main(void) { puts("built ${crypto.randomUUID()}"); return 0; }\n`,
    "bad.c": `int main(void) { return ${"x".repeat(8)}; }\n`,
  });
  await using good = program({ file: folder.file("good.c") });
  await good.prepare();
  match(await (await good(get())).text(), /^built /);
  await using bad = program({ file: folder.file("bad.c") });
  await rejects(bad.prepare(), { name: "ProgramError", code: "build", stderr: /xxxxxxxx/ });
});

Deno.test("a program that failed to build is built again by the next request", async () => {
  await using folder = await makeFolder({ "mend.c": "int main(void) { return }" });
  await using mend = program({ file: folder.file("mend.c") });
  const broken = await mend(get());
  deepEqual([broken.status, (await broken.json()).detail], [500, "The program could not be built"]);
  await Deno.writeTextFile(folder.file("mend.c"), '#include <stdio.h>\nint main(void) { puts("mended"); return 0; }\n');
  equal(await (await mend(get())).text(), "mended\n");
});

Deno.test("program() says at once what is wrong with its options", async () => {
  await using folder = await makeFolder({ "a.sh": "echo\n" });
  const file = folder.file("a.sh");
  throws(() => program({}), { name: "TypeError", message: /given are none/ });
  throws(() => program({ file, command: ["cat"] }), { name: "TypeError", message: /given are file, command/ });
  throws(() => program({ file: folder.file("missing") }), { name: "NotFound", message: /No such file/ });
  throws(() => program({ command: [] }), { name: "NotFound" });
  throws(() => program({ file, language: "klingon" }), { name: "TypeError", message: /Unknown language/ });
  throws(() => program({ file, mode: "service" }), { name: "TypeError", message: /no runner/ });
  throws(() => program({ file, timeoutMs: -1 }), { name: "RangeError", message: /timeoutMs -1/ });
  throws(() => program({ file, idleTimeoutMs: NaN }), { name: "RangeError", message: /idleTimeoutMs NaN/ });
  throws(() => program({ file, limits: { concurrency: 0 } }), { name: "RangeError", message: /concurrency 0/ });
  throws(() => program({ file, mount: "api" }), { name: "TypeError", message: /Cannot mount at "api"/ });
  throws(() => program({ file, env: { "A=B": "c" } }), { name: "TypeError", message: /environment variable/ });
  throws(() => program({ file, env: { A: "c\0d" } }), { name: "TypeError", message: /NUL/ });
});

Deno.test("a request's body that is left unread by its program does not hold up the answer", async () => {
  await using echo = program({ command: ["echo", "short"] });
  const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(65536)) });
  const request = new Request("http://localhost/", { method: "POST", body: endless });
  const response = await within("an answer", Promise.resolve(echo(request)));
  equal(await within("its body", response.text()), "short\n");
});

function killQuietly(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch {
    // It has ended, as it should have.
  }
}
