/** What the user of a program is told of its processes, and what a program is told of its trace. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { type ExitReport, program, type StartReport } from "../../mod.ts";
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
