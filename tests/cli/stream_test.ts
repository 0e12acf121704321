import { deepEqual, equal, match, ok } from "node:assert/strict";
import { requireToken } from "../../src/http/tokens.ts";
import { followStream } from "../../src/loom/client/follow.ts";
import { makeFolder } from "../support/folder.ts";
import { startCli } from "../support/live_cli.ts";
import { runCli, serve } from "../support/serve.ts";
import { sluiceLine } from "../support/sluice.ts";
import { cuttingProxy, randomNumbers, serveStreams } from "../support/stream_server.ts";
import { within } from "../support/within.ts";

const decoder = new TextDecoder();

Deno.test("sluice stream sends each line while its input goes on, and prints the id", async () => {
  await using server = await serveStreams();
  await using producer = startCli(["stream", server.url, "builds/42", "--metadata", '{"branch":"main"}']);
  await producer.said(/^builds\/42\n$/);
  const reader = followStream({ url: server.url, id: "builds/42" });
  for (let i = 0; i < 11; i++) {
    await producer.write(`${i}\n`);
    const { value } = await within("the line comes", reader.next());
    equal(decoder.decode(value as Uint8Array), `${i}\n`);
  }
  equal(server.store.head("builds/42")?.end, undefined);
  await producer.closeInput();
  equal(await producer.code, 0);
  ok((await reader.next()).done);
  equal(producer.stderr, "");
  const { end, contentType, metadata } = server.store.head("builds/42")!;
  deepEqual([end, contentType, metadata], ["closed", "text/plain; charset=utf-8", { branch: "main" }]);
});

Deno.test("without an id one is made that is printed", async () => {
  await using server = await serveStreams();
  const { code, stdout } = await runCli(["stream", server.url], { stdin: "content" });
  equal(code, 0);
  match(stdout, /^[\w-]{20,}\n$/);
  equal(await server.text(stdout.trim()), "content");
});

Deno.test("binary input arrives as it is over connections that are cut", async () => {
  await using folder = await makeFolder();
  await using server = await serveStreams();
  const random = randomNumbers(11);
  let connections = 0;
  await using proxy = cuttingProxy(server, () => ++connections % 3 === 0 ? 1e7 : Math.floor(random() * 1_500_000));
  const bytes = new Uint8Array(4_000_000).map(() => random() * 256);
  await Deno.writeFile(folder.file("input"), bytes);
  const { code, stderr } = await runCli([
    "-c",
    `exec ${sluiceLine()} stream "$0" b < "$1"`,
    proxy.url,
    folder.file("input"),
  ], { program: "sh" });
  equal(code, 0, stderr);
  ok(proxy.cuts > 0);
  deepEqual((await server.store.read("b", 0, 1e9)).bytes, bytes);
});

Deno.test("a server that is killed and started again costs no byte and doubles none", async () => {
  await using folder = await makeFolder();
  const command = (port: number) => ["loom", "-p", String(port), "--data", folder.path, "--log", "none"];
  const first = await serve([], { command: command(0) });
  await using producer = startCli(["stream", first.url, "log"]);
  await producer.said(/^log\n$/);
  await using reader = startCli(["tail", first.url, "log"]);
  await producer.write("before\n");
  await reader.said(/before\n/);
  let expected = "before\n";
  const port = first.port;
  for (let round = 0; round < 3; round++) {
    const server = round === 0 ? first : await serve([], { command: command(port) });
    for (let i = 0; i < 200; i++) {
      const line = `${round} ${i} ${"x".repeat(i)}\n`;
      expected += line;
      await producer.write(line);
    }
    await reader.said(new RegExp(`^${round} 100 `, "m"));
    await server.stop("SIGKILL");
  }
  await using _last = await serve([], { command: command(port) });
  await producer.closeInput();
  equal(await producer.code, 0, producer.stderr);
  equal(await reader.code, 0, reader.stderr);
  ok(reader.stdout === expected);
});

Deno.test("an interrupted producer ends its stream as aborted, with what it had read, and exits with 130", async () => {
  await using server = await serveStreams();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using producer = startCli(["stream", server.url, "log", "--force"]);
    await producer.said(/^log\n$/);
    const reader = followStream({ url: server.url, id: "log" });
    await producer.write("half");
    await within("it arrives", reader.next());
    await reader.return();
    producer.kill(signal);
    equal(await producer.code, 130);
    equal(producer.stderr, "sluice stream: interrupted, and log marked as aborted\n");
    deepEqual([server.store.head("log")?.end, await server.text("log")], ["aborted", "half"]);
  }
});

Deno.test("loss is never silent: it exits with 1 and says what to do, also while its input is silent", async () => {
  await using server = await serveStreams();
  await using producer = startCli(["stream", server.url, "log", "--give-up", "300ms"]);
  await producer.said(/^log\n$/);
  await server.crash();
  await producer.write("unsent\n");
  equal(await producer.code, 1);
  match(
    producer.stderr,
    /^sluice: Gave up after .* without progress: Cannot reach .*; --give-up makes it try for longer\n$/,
  );
});

Deno.test("what can not be streamed is told in one line", async () => {
  await using server = await serveStreams((handler) => requireToken(handler, [{ token: "right", write: true }]));
  await server.store.create("taken");
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const nobody = `http://127.0.0.1:${(closed.addr as Deno.NetAddr).port}`;
  closed.close();
  const env = { SLUICE_TOKEN: "right" };
  const failing: [args: string[], code: number, message: RegExp, env?: Record<string, string>][] = [
    [[server.url, "new"], 1, /^sluice: The server wants a token.*; give it with SLUICE_TOKEN or --token$/],
    [[server.url, "taken"], 1, /^sluice: There is a stream of that id already.*--force$/, env],
    [[nobody, "new"], 1, /^sluice: Cannot reach .*; is `sluice loom` running there\?$/],
    [["localhost:3060", "new"], 2, /^sluice: Cannot use "localhost:3060" as the server's URL/],
    [[server.url, "a/../b"], 2, /^sluice: A stream's id /],
    [[server.url, "new", "--metadata", "{"], 2, /It is JSON/],
    [[server.url, "new", "--token", "two words"], 2, /^sluice: A token is /],
  ];
  for (const [args, expected, message, env] of failing) {
    const { code, stdout, stderr } = await runCli(["stream", ...args], { stdin: "", env });
    deepEqual([code, stdout], [expected, ""], stderr);
    match(stderr.trimEnd(), message);
    equal(stderr.trimEnd().split("\n").length, 1, stderr);
  }
});
