/** What the user of a program is told of its processes, and what a program is told of its trace. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { type ExitReport, program, type ProgramOptions, type RequestInfo, type StartReport } from "../../mod.ts";
import { libc } from "../../src/process/libc.ts";

// It stays open as long as the process lives: opened here, no test is taken to have leaked it.
libc();

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const get = (headers?: HeadersInit) => new Request("http://localhost/", { headers });
const decoder = new TextDecoder();

Deno.test("onStart and onExit tell of one process, its times, its sizes and the last of its standard error", async () => {
  const starts: StartReport[] = [];
  const exits: ExitReport[] = [];
  const before = Date.now();
  await using noisy = program({
    code: "printf hello; printf 'one\\ntwo\\n' >&2",
    language: "sh",
    onStart: (report) => void starts.push(report),
    onExit: (report) => void exits.push(report),
  });
  const response = await noisy(get({ "x-request-id": "id-7" }));
  equal(await response.text(), "hello");
  await noisy[Symbol.asyncDispose]();
  const [[start], [exit]] = [starts, exits];
  deepEqual([start.requestId, start.title, start.pid > 1], ["id-7", noisy.title, true]);
  ok(start.startedAt >= before && start.startedAt <= Date.now());
  deepEqual({ ...exit, ...start }, exit);
  deepEqual([exit.stdoutBytes, exit.stderrBytes, exit.stderrTail, exit.memoryPeakBytes], [
    5,
    8,
    "one\ntwo\n",
    undefined,
  ]);
});

Deno.test("onStdout takes what a program writes without a change to the answer", async () => {
  const seen = new Map<string, string>();
  await using large = program({
    code: "head -c 300000 /dev/zero | tr '\\0' x; echo end",
    language: "sh",
    onStdout: (chunk, id) => void seen.set(id, (seen.get(id) ?? "") + decoder.decode(chunk)),
  });
  const body = await (await large(get({ "x-request-id": "id-8" }))).text();
  equal(body.length, 300_004);
  ok(seen.get("id-8") === body, "the tap has something else than the answer");
});

Deno.test("onStdout and stdoutBytes have the head that a program wrote itself", async () => {
  const exits: ExitReport[] = [];
  let seen = "";
  await using cgi = program({
    code: "printf 'Status: 201\\n\\nbody'",
    language: "sh",
    mode: "cgi",
    onStdout: (chunk) => seen += decoder.decode(chunk),
    onExit: (report) => void exits.push(report),
  });
  equal(await (await cgi(get())).text(), "body");
  await cgi[Symbol.asyncDispose]();
  deepEqual([seen, exits[0].stdoutBytes], ["Status: 201\n\nbody", 17]);
});

Deno.test("a program goes on with the trace of its request, or begins one", async () => {
  await using show = program({ code: 'echo "$TRACEPARENT|$TRACESTATE"', language: "sh" });
  const told = async (headers?: HeadersInit, info = {}) => (await (await show(get(headers), info)).text()).trim();
  match(
    await told({ traceparent: TRACEPARENT, tracestate: "a=1" }),
    /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067)\w{16}-01\|a=1$/,
  );
  match(await told({ traceparent: "00-nonsense", tracestate: "a=1" }), /^00-(?!4bf9)\w{32}-\w{16}-01\|$/);
  match(await told(), /^00-\w{32}-\w{16}-01\|$/);
  const trace = { traceparent: TRACEPARENT, tracestate: "b=2" };
  match(await told({}, { trace }), /^00-4bf92f3577b34da6a3ce929d0e0e4736-\w{16}-01\|b=2$/);
});

Deno.test("a program is told who was let in, and by nothing that a client sends", async () => {
  await using show = program({
    code: 'echo "${AUTH_TYPE-none}|${REMOTE_USER-none}"; echo "$SLUICE_REQUEST"',
    language: "sh",
  });
  const told = async (info: RequestInfo) => {
    const headers = { "remote-user": "root", "auth-type": "Basic", "remote_user": "root" };
    const [line, json] = (await (await show(get(headers), info)).text()).split("\n");
    return [line, JSON.parse(json).user];
  };
  const user = { name: "ada", scheme: "Basic" } as const;
  deepEqual(await told({ user }), ["Basic|ada", user]);
  deepEqual(await told({}), ["none|none", undefined]);
});

Deno.test("onQueue tells how many requests wait for a process", async () => {
  const counts: number[] = [];
  await using one = program({
    command: ["cat"],
    limits: { concurrency: 1 },
    onQueue: (waiting) => void counts.push(waiting),
  });
  const answers = await Promise.all(["a", "b", "c"].map(async (body) => {
    return await (await one(new Request("http://localhost/", { method: "POST", body }))).text();
  }));
  deepEqual(answers, ["a", "b", "c"]);
  deepEqual(counts, [1, 2, 1, 0]);
});

/** Asks a program of shell, which says that it has begun, and goes on when it is told; gives the warnings in its log. */
async function warningsOf(code: string, end: (body: ReadableStreamDefaultReader, go: () => void) => Promise<unknown>) {
  const warnings: [string, unknown, unknown][] = [];
  const log: ProgramOptions["log"] = (level, message, fields) => {
    if (level !== "info") warnings.push([message, fields?.request, fields?.program]);
  };
  await using failing = program({ code, language: "sh", mode: "cgi", log });
  const input = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = input.writable.getWriter();
  const request = new Request("http://localhost/", {
    method: "POST",
    body: input.readable,
    headers: { "x-request-id": "id-9" },
  });
  const response = await failing(request);
  equal(response.status, 200);
  const body = response.body!.getReader();
  await body.read();
  await end(body, () => void writer.write(new TextEncoder().encode("go\n")).catch(() => {/* it may have ended */}));
  await failing[Symbol.asyncDispose]();
  deepEqual(warnings.map(([, request, program]) => [request, program]), warnings.map(() => ["id-9", failing.title]));
  return warnings.map(([message]) => message);
}

Deno.test("a program that fails after its answer has begun is in the log once, with its end", async () => {
  const breaks = async (body: ReadableStreamDefaultReader, go: () => void) => {
    go();
    await rejects(body.read());
  };
  const plain = `printf 'X-A: b\\n\\nbegun'; read -r _`;
  deepEqual(await warningsOf(`${plain}; exit 3`, breaks), [
    "program ended with exit code 3 after its answer had begun",
  ]);
  deepEqual(await warningsOf(`${plain}; kill -KILL $$`, breaks), [
    "program ended with signal SIGKILL after its answer had begun",
  ]);
  deepEqual(await warningsOf(`printf 'Content-Length: 9\\n'; ${plain}`, breaks), [
    "program ended with exit code 0 after its answer had begun",
  ]);
  deepEqual(await warningsOf(`${plain}; exit 3`, (body) => body.cancel()), []);
});

Deno.test("a program that fails before its answer is in the log once, as before", async () => {
  const lines: string[] = [];
  await using failing = program({ code: "exit 3", language: "sh", log: (_, message) => void lines.push(message) });
  equal((await failing(get())).status, 502);
  await failing[Symbol.asyncDispose]();
  deepEqual(lines, ["The program failed with exit code 3"]);
});
