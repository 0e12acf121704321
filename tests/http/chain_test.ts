/** Handlers one after another into one answer: real ones, most of them programs. */

import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { chain, type Handler, program, type ProgramHandler } from "../../mod.ts";
import { limits } from "../../src/limits.ts";
import { seen } from "../support/ask.ts";
import { makeFolder } from "../support/folder.ts";
import { listen } from "../support/in_process.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { within } from "../support/within.ts";

const post = (body: BodyInit) => new Request("http://localhost/", { method: "POST", body });
const get = () => new Request("http://localhost/");

function shellChain(...lines: string[]): { handler: Handler } & AsyncDisposable {
  const links: ProgramHandler[] = lines.map((code) => program({ code, language: "sh" }));
  return {
    handler: chain(...links),
    [Symbol.asyncDispose]: async () => {
      for (const link of links) await link[Symbol.asyncDispose]();
    },
  };
}

async function answered(handler: Handler, request: Request): Promise<[status: number, body: string]> {
  const response = await within("an answer", Promise.resolve(handler(request)));
  return [response.status, await within("its body", response.text())];
}

Deno.test("chain() answers with what each program says, in their order, each with the whole body", async () => {
  await using three = shellChain("cat", "wc -c | tr -d ' '", 'echo "$CONTENT_LENGTH"; cat');
  deepEqual(await answered(three.handler, post("hello\n")), [200, "hello\n6\n6\nhello\n"]);
  deepEqual(await answered(three.handler, get()), [200, "0\n\n"]);
});

Deno.test("chain() takes a body over HTTP whose length is not known before", async () => {
  await using two = shellChain("cat", "cat");
  await using server = await listen(two.handler);
  const body = new Blob(["one", "two"]).stream();
  deepEqual(await seen(server.url, { method: "POST", body }), { status: 200, body: "onetwoonetwo" });
});

Deno.test("chain() has the head of the first", async () => {
  const first: Handler = () => new Response("a", { status: 201, headers: { "x-a": "1", "content-length": "1" } });
  const second: Handler = () => new Response("b", { status: 202, headers: { "x-b": "1" } });
  const response = await chain(first, second)(get());
  deepEqual([response.status, response.headers.get("x-a"), response.headers.get("x-b")], [201, "1", null]);
  equal(response.headers.get("content-length"), null);
  equal(await response.text(), "ab");
});

Deno.test("chain() starts a program when the one before it has ended, and sends what is there meanwhile", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using two = shellChain(
    `echo one; exec 9>'${lifeline.path}'; echo first >&9; read line <'${folder.file("go")}'`,
    "echo two",
  );
  const made = await new Deno.Command("mkfifo", { args: [folder.file("go")] }).output();
  ok(made.success);
  const response = await two.handler(get());
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  equal((await within("what the first wrote", reader.read())).value, "one\n");
  equal(await lifeline.line(), "first");
  const second = reader.read();
  await Deno.writeTextFile(folder.file("go"), "go\n");
  equal((await within("what the second wrote", second)).value, "two\n");
  equal((await reader.read()).done, true);
});

Deno.test("chain() answers with the failure of a program while nothing was sent, and asks no other", async () => {
  await using folder = await makeFolder();
  const touches = `touch '${folder.file("touched")}'`;
  for (const lines of [["exit 3", touches], ["true", "exit 3", touches], ["true", "true", "exit 3"]]) {
    await using fails = shellChain(...lines);
    equal((await answered(fails.handler, get()))[0], 502, lines.join("; "));
  }
  deepEqual(folder.names(), []);
});

Deno.test("chain() answers with a refusal as it is while nothing was sent", async () => {
  const refuses: Handler = () => new Response("no", { status: 409, headers: { "x-why": "so" } });
  for (const before of [[], [() => new Response(null)], [() => new Response("")]]) {
    const response = await chain(...before, refuses, () => new Response("b"))(get());
    deepEqual([response.status, response.headers.get("x-why"), await response.text()], [409, "so", "no"]);
  }
});

Deno.test("chain() breaks the answer off with a program that fails once something was sent", async () => {
  for (
    const lines of [["echo a; sleep 0.2; exit 3", "echo b"], ["echo a", "exit 3"], [
      "echo a",
      "echo b; exit 3",
      "echo c",
    ]]
  ) {
    await using fails = shellChain(...lines);
    await using server = await listen(fails.handler);
    deepEqual(await seen(server.url), { status: 200, body: "broken" }, lines.join("; "));
  }
});

Deno.test("chain() of answers without a body has none, and a later one's body is not lost", async () => {
  const none: Handler = () => new Response(null, { status: 204 });
  const response = await chain(none, none)(get());
  deepEqual([response.status, response.body], [204, null]);
  deepEqual(await answered(chain(none, () => new Response("b")), get()), [200, "b"]);
});

Deno.test("chain() stops what runs when the client leaves, and starts nothing more", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using two = shellChain(
    `exec 9>'${lifeline.path}'; echo begun; sleep 1000`,
    `touch '${folder.file("touched")}'`,
  );
  await using server = await listen(two.handler);
  const leaves = new AbortController();
  const response = await fetch(server.url, { signal: leaves.signal });
  await response.body!.getReader().read();
  leaves.abort();
  await lifeline.gone();
  await two[Symbol.asyncDispose]();
  deepEqual(folder.names().filter((name) => name === "touched"), []);
});

Deno.test("chain() refuses a body that it can't hold, whether it says its length or not", async () => {
  const never: Handler = () => new Response("asked");
  const large = new Uint8Array(limits.parsedBodyBytes + 1);
  for (const body of [large, new Blob([large]).stream()]) {
    const response = await chain(never, never)(post(body));
    deepEqual([response.status, (await response.json()).status], [413, 413]);
  }
});

Deno.test("chain() is the first handler alone on HEAD, or when there is one; of none it is refused", async () => {
  const first: Handler = (request) => new Response(request.method === "HEAD" ? null : "a", { headers: { "x-a": "1" } });
  const never: Handler = () => new Response(null, { status: 500 });
  const response = await chain(first, never)(new Request("http://localhost/", { method: "HEAD" }));
  deepEqual([response.status, response.headers.get("x-a")], [200, "1"]);
  equal(await (await chain(first)(get())).text(), "a");
  throws(() => chain(), { name: "TypeError", message: /Cannot make a chain of no handlers/ });
});

Deno.test("chain() hands on what a handler throws, before the first byte and after it", async () => {
  const fails: Handler = () => Promise.reject(new RangeError("no"));
  await rejects(async () => await chain(fails, fails)(get()), { name: "RangeError" });
  const response = await chain(() => new Response("a"), fails)(get());
  await rejects(response.text(), { name: "RangeError" });
});
