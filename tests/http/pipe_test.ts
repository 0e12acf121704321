/** Handlers joined as a shell joins programs: real ones, most of them programs. */

import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { type ExitReport, type Handler, HttpError, pipe, program, type ProgramHandler } from "../../mod.ts";
import { makeFolder } from "../support/folder.ts";
import { listen } from "../support/in_process.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { seen } from "../support/ask.ts";
import { within } from "../support/within.ts";

const post = (body: BodyInit, headers?: HeadersInit) =>
  new Request("http://localhost/a?q=1", { method: "POST", body, headers });
const get = () => new Request("http://localhost/a?q=1");

/** Programs in shell, joined, and the reports of their ends. */
function shellPipe(...lines: string[]): { handler: Handler; exits: ExitReport[] } & AsyncDisposable {
  const exits: ExitReport[] = [];
  const stages: ProgramHandler[] = lines.map((code) =>
    program({ code, language: "sh", onExit: (report) => void exits.push(report) })
  );
  return {
    handler: pipe(...stages),
    exits,
    [Symbol.asyncDispose]: async () => {
      for (const stage of stages) await stage[Symbol.asyncDispose]();
    },
  };
}

async function answered(handler: Handler, request: Request): Promise<[status: number, body: string]> {
  const response = await within("an answer", Promise.resolve(handler(request)));
  return [response.status, await within("its body", response.text())];
}

Deno.test("pipe() gives what one program writes to the next, whatever their languages", async () => {
  await using decode = program({ command: ["base64", "-d"] });
  await using scale = program({ code: "import sys\nfor line in sys.stdin: print(int(line) * 2)", language: "python" });
  await using sort = program({ command: ["sort", "-n"] });
  deepEqual(await answered(pipe(decode, scale, sort), post(btoa("3\n1\n2\n"))), [200, "2\n4\n6\n"]);
});

Deno.test("pipe() of one is the handler itself, and of none is refused", () => {
  const one: Handler = () => new Response("one");
  equal(pipe(one), one);
  throws(() => pipe(), { name: "TypeError", message: /Cannot make a pipe of no handlers/ });
});

Deno.test("pipe() streams: the first bytes come through while the client still sends", async () => {
  await using cat = shellPipe("cat", "cat", "cat");
  await using server = await listen(cat.handler);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answer = fetch(server.url, { method: "POST", body: readable });
  await writer.write(new TextEncoder().encode("one"));
  const reader = (await within("the head", answer)).body!.pipeThrough(new TextDecoderStream()).getReader();
  equal((await within("one", reader.read())).value, "one");
  await writer.write(new TextEncoder().encode("two"));
  equal((await within("two", reader.read())).value, "two");
  await writer.close();
  equal((await reader.read()).done, true);
});

Deno.test("pipe() holds nothing: what nobody reads at its end is not written at its beginning", async () => {
  let given = 0;
  const endless: Handler = () =>
    new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(++given && 65536)) }));
  await using cat = shellPipe("cat");
  const response = await pipe(endless, cat.handler)(get());
  const reader = response.body!.getReader();
  await reader.read();
  let before = -1;
  for (let i = 0; i < 100 && before !== given; i++) {
    before = given;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  ok(given < 100, `${given} chunks of 64 KiB were made that nobody has read`);
  await reader.cancel();
});

Deno.test("pipe() tells each stage of the request, and what its body is", async () => {
  const asked: [string, string, Record<string, string>, unknown][] = [];
  const stage = (type: string): Handler => async (request, info) => {
    const { "x-request-id": id, ...headers } = Object.fromEntries(request.headers);
    asked.push([request.method, request.url + (id ?? ""), headers, info?.params]);
    return new Response(await request.bytes(), { headers: { "content-type": type, "x-request-id": "#7" } });
  };
  const handler = pipe(stage("a/b"), stage("c/d"), stage("e/f"));
  const headers = { "content-type": "text/x", "content-length": "2", "content-encoding": "x", "x-mine": "1" };
  const response = await handler(new Request("http://localhost/a?q=1", { method: "PUT", body: "hi", headers }), {
    params: { id: "7" },
  });
  equal(response.headers.get("content-type"), "e/f");
  equal(await response.text(), "hi");
  const id = { id: "7" };
  deepEqual(asked, [
    ["PUT", "http://localhost/a?q=1", headers, id],
    ["PUT", "http://localhost/a?q=1#7", { "content-type": "a/b", "x-mine": "1" }, id],
    ["PUT", "http://localhost/a?q=1#7", { "content-type": "c/d", "x-mine": "1" }, id],
  ]);
  asked.length = 0;
  await (await handler(get())).body!.cancel();
  deepEqual(asked.map(([method]) => method), ["GET", "POST", "POST"]);
});

Deno.test("pipe() puts its programs in one trace, and under one id", async () => {
  await using trace = shellPipe('echo "$TRACEPARENT $REQUEST_ID"', 'cat; echo "$TRACEPARENT $REQUEST_ID"');
  const [, text] = await answered(trace.handler, get());
  const [first, second] = text.trimEnd().split("\n").map((line) => line.split(/[- ]/));
  equal(first[1], second[1]);
  ok(first[2] !== second[2], "both are the same span");
  equal(text.match(/ (.*)\n.* \1\n/)?.length, 2, text);
});

Deno.test("pipe() lets a program take a body apart that the one before it has named", async () => {
  await using json = program({
    mode: "cgi",
    code: 'printf "Content-Type: application/json\\n\\n{\\"n\\":5}"',
    language: "sh",
  });
  await using show = program({ code: "print(service.params['n'] + 1)", language: "python" });
  deepEqual(await answered(pipe(json, show), get()), [200, "6\n"]);
});

Deno.test("pipe() answers with the failure of a program that has written nothing", async () => {
  for (let at = 0; at < 3; at++) {
    await using three = shellPipe(...[0, 1, 2].map((i) => i === at ? "cat >&2; exit 3" : "cat"));
    const [status, body] = await answered(three.handler, post("hello"));
    deepEqual([status, JSON.parse(body).detail], [502, "The program failed before it answered"], `stage ${at}`);
  }
});

Deno.test("pipe() answers with the failure of a program whose output the last one has not begun to answer", async () => {
  await using sort = shellPipe("echo b; echo a; sleep 0.2; exit 3", "sort");
  const response = await sort.handler(get());
  deepEqual([response.status, (await response.json()).detail], [502, "The program failed before it answered"]);
  ok(response.headers.get("x-request-id"));
});

Deno.test("pipe() breaks the answer off when a program fails after it has begun, wherever it stands", async () => {
  for (let at = 0; at < 3; at++) {
    await using three = shellPipe(...[0, 1, 2].map((i) => i === at ? "echo a; sleep 0.2; exit 3" : "cat"));
    await using server = await listen(three.handler);
    const { body } = await seen(server.url, { method: "POST", body: "x" });
    equal(body, "broken", `stage ${at}`);
  }
});

Deno.test("pipe() does not answer well after a handler that hides that its input broke off", async () => {
  await using fails = shellPipe("echo a; sleep 0.2; exit 3");
  const hides: Handler = (request) => {
    const reader = request.body!.getReader();
    return new Response(
      new ReadableStream({
        pull: async (controller) => {
          const step = await reader.read().catch(() => ({ done: true, value: undefined }));
          if (step.done) controller.close();
          else controller.enqueue(step.value);
        },
      }),
    );
  };
  const response = await pipe(fails.handler, hides)(get());
  await rejects(response.text(), { name: "ProgramError" });
});

Deno.test("pipe() answers with what is not 2xx, and asks no stage behind it", async () => {
  let asked = 0;
  const never: Handler = () => new Response(String(++asked));
  for (const status of [301, 404, 422, 503]) {
    const refuses: Handler = () => new Response("no", { status, headers: { "x-why": "so" } });
    const response = await pipe(() => new Response("a"), refuses, never)(get());
    deepEqual([response.status, response.headers.get("x-why"), await response.text()], [status, "so", "no"]);
  }
  equal(asked, 0);
});

Deno.test("pipe() stops a program that goes on when a later one has had enough, and that is no failure", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using head = shellPipe(`exec 9>'${lifeline.path}'; yes`, "cat", "head -n 2");
  deepEqual(await answered(head.handler, get()), [200, "y\ny\n"]);
  await lifeline.gone();
});

Deno.test("pipe() stops a program that is silent when a later one has ended without reading", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using enough = shellPipe(`exec 9>'${lifeline.path}'; echo begun; sleep 1000`, "echo enough");
  deepEqual(await answered(enough.handler, get()), [200, "enough\n"]);
  await lifeline.gone();
});

Deno.test("pipe() stops all its programs when one fails, and when the client leaves", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  const stays = `exec 9>'${lifeline.path}'; echo begun; sleep 1000`;
  await using fails = shellPipe(stays, "exit 3");
  equal((await answered(fails.handler, get()))[0], 502);
  await lifeline.gone();

  await using second = await makeLifeline(folder);
  await using both = shellPipe(
    `exec 9>'${second.path}'; echo begun; sleep 1000`,
    `exec 9>'${second.path}'; cat; sleep 1000`,
  );
  await using server = await listen(both.handler);
  const leaves = new AbortController();
  const response = await fetch(server.url, { signal: leaves.signal });
  equal(new TextDecoder().decode((await response.body!.getReader().read()).value), "begun\n");
  leaves.abort();
  await second.gone();
});

Deno.test("pipe() stops all its programs when a client leaves before there is an answer", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using silent = shellPipe(
    `exec 9>'${lifeline.path}'; echo begun; sleep 1000`,
    `exec 9>'${lifeline.path}'; read line; echo "$line" >&9; sleep 1000`,
  );
  await using server = await listen(silent.handler);
  const leaves = new AbortController();
  const answer = fetch(server.url, { signal: leaves.signal });
  equal(await lifeline.line(), "begun");
  leaves.abort();
  await rejects(answer, { name: "AbortError" });
  await lifeline.gone();
});

Deno.test("pipe() has each stage's exit, time and standard error reported", async () => {
  await using three = shellPipe(
    "echo one >&2; echo a; exit 0",
    "cat; echo two >&2",
    "cat >/dev/null; echo three >&2; exit 4",
  );
  await answered(three.handler, get());
  await three[Symbol.asyncDispose]();
  const ends = three.exits.map(({ code, stderrTail, durationMs, stdoutBytes }) => {
    ok(durationMs > 0);
    return [code, stderrTail, stdoutBytes];
  });
  deepEqual(ends.sort((a, b) => String(a[1]).localeCompare(String(b[1]))), [
    [0, "one\n", 2],
    [4, "three\n", 0],
    [0, "two\n", 2],
  ]);
});

Deno.test("pipe() carries a large body through several programs, unchanged", async () => {
  await using four = shellPipe("cat", "gzip -1", "gzip -d", "cat");
  const bytes = Uint8Array.from({ length: 8 * 1024 * 1024 }, (_, i) => (i * 31 + (i >> 11)) & 255);
  await using server = await listen(four.handler);
  const response = await fetch(server.url, { method: "POST", body: bytes });
  const back = await response.bytes();
  equal(back.byteLength, bytes.byteLength);
  ok(back.every((byte, i) => byte === bytes[i]), "the body came back changed");
});

Deno.test("pipe() hands on what a handler throws, and lets go of the others", async () => {
  let cancelled = false;
  const first: Handler = () =>
    new Response(
      new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)), cancel: () => void (cancelled = true) }),
    );
  const throws: Handler = () => {
    throw new HttpError(418, "teapot");
  };
  await rejects(async () => await pipe(first, throws)(get()), { name: "HttpError", message: "teapot" });
  ok(cancelled, "the first one's body was left");
});

Deno.test("pipe() leaves no process behind on HEAD, whose answer has no body", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using endless = shellPipe(`exec 9>'${lifeline.path}'; yes`, "cat");
  await using server = await listen(endless.handler);
  const response = await fetch(server.url, { method: "HEAD" });
  deepEqual([response.status, await response.text()], [200, ""]);
  await lifeline.gone();
});
