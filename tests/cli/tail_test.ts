import { deepEqual, equal, match } from "node:assert/strict";
import { formatOffset } from "../../src/loom/offset.ts";
import { startCli } from "../support/live_cli.ts";
import { runCli } from "../support/serve.ts";
import { sluiceLine } from "../support/sluice.ts";
import { serveStreams } from "../support/stream_server.ts";
import { until } from "../support/within.ts";

const encoder = new TextEncoder();

Deno.test("sluice tail writes what is there and what comes, and ends with the stream", async () => {
  await using server = await serveStreams();
  await server.store.create("log", { bytes: encoder.encode("old\n") });
  await using reader = startCli(["tail", server.url, "log"]);
  await reader.said(/^old\n$/);
  await server.store.append("log", encoder.encode("new\n"));
  await reader.said(/^old\nnew\n$/);
  await server.store.append("log", encoder.encode("last\n"), { end: "closed" });
  equal(await reader.code, 0);
  deepEqual([reader.stdout, reader.stderr], ["old\nnew\nlast\n", ""]);
});

Deno.test("sluice tail begins where it is told, and does not wait with --no-follow", async () => {
  await using server = await serveStreams();
  await server.store.create("log", { bytes: encoder.encode("0123456789") });
  const cases = [["start", "0123456789"], [formatOffset(8), "89"], ["now", ""]];
  for (const [from, expected] of cases) {
    const { code, stdout } = await runCli(["tail", server.url, "log", "--no-follow", "--from", from]);
    deepEqual([code, stdout], [0, expected]);
  }
});

Deno.test("sluice tail goes on when the server comes back", async () => {
  await using server = await serveStreams();
  await server.store.create("log", { bytes: encoder.encode("one ") });
  await using reader = startCli(["tail", server.url, "log"]);
  await reader.said(/^one $/);
  await server.crash();
  await server.store.append("log", encoder.encode("two "));
  await server.restart();
  await reader.said(/^one two $/);
  await server.store.append("log", encoder.encode("three"), { end: "closed" });
  equal(await reader.code, 0);
  equal(reader.stdout, "one two three");
});

Deno.test("a reader that has seen enough ends sluice tail without a complaint", async () => {
  await using server = await serveStreams();
  await server.store.create("log", { bytes: new Uint8Array(5_000_000).fill(10), closed: true });
  const script = `{ ${sluiceLine()} tail "$0" log; echo "code $?" >&2; } | head -c 3`;
  const { stdout, stderr } = await runCli(["-c", script, server.url], { program: "sh" });
  deepEqual([stdout, stderr], ["\n\n\n", "code 0\n"]);
});

Deno.test("Ctrl-C ends sluice tail", async () => {
  await using server = await serveStreams();
  await server.store.create("log");
  await using reader = startCli(["tail", server.url, "log"]);
  await until("it waits", () => server.requests.some((request) => request.includes("long-poll")));
  reader.kill("SIGINT");
  equal(await reader.code, -1);
  equal(reader.stderr, "");
});

Deno.test("what can not be read, or is not whole, ends with 1 and one line", async () => {
  await using server = await serveStreams();
  await server.store.create("half", { bytes: encoder.encode("half") });
  await server.store.append("half", new Uint8Array(0), { end: "aborted" });
  const half = await runCli(["tail", server.url, "half"]);
  deepEqual([half.code, half.stdout], [1, "half"]);
  equal(half.stderr, "sluice: The stream's producer went away: what was read is all there is\n");
  const missing = await runCli(["tail", server.url, "missing"]);
  deepEqual([missing.code, missing.stdout], [1, ""]);
  match(missing.stderr, /^sluice: There is no such stream.*\n$/);
});
