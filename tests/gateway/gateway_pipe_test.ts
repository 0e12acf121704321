/** Programs that a file joins: how they fail, stream, are bounded, and what is told of them. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { seen } from "../support/ask.ts";
import { QUIET, startGateway } from "../support/gateway.ts";
import { RawClient } from "../support/raw_client.ts";
import { until } from "../support/within.ts";

const FILES = { "fail.sh": "cat >/dev/null; echo broken >&2; exit 3\n" };

Deno.test("a pipe fails as one, and the log has each stage's end, time and standard error", async () => {
  const text = `${QUIET}
defaults = { warm = false }
[[routes]]
path = "/early"
run = ["fail.sh", "cat"]
[[routes]]
path = "/late"
run = ["cat", "fail.sh"]
[[routes]]
path = "/good"
run = ["cat", "cat"]
`;
  await using server = await startGateway(text, { files: FILES });
  const linesOf = (path: string) => server.lines.filter(({ fields }) => fields.route === `* /${path}`);
  for (const path of ["early", "late"]) {
    equal((await seen(`${server.url}/${path}`, { method: "POST", body: "x" })).status, 502, path);
    const stage = `Stage ${path === "early" ? 1 : 2} of 2 ended with exit code 3`;
    await until(stage, () => linesOf(path).some(({ message }) => message === stage));
    const find = (message: string) => linesOf(path).find((line) => line.message === message)!;
    equal(find("broken").fields.stream, "stderr");
    const { level, fields } = find(stage);
    deepEqual([level, fields.request, typeof fields.ms], ["warn", find("broken").fields.request, "number"]);
    for (const each of [fields, find("The program failed with exit code 3").fields]) {
      match(String(each.program), /fail\.sh$/);
    }
  }
  equal((await seen(`${server.url}/good`, { method: "POST", body: "x" })).status, 200);
  await until("both have ended", () => linesOf("good").length === 2);
  deepEqual(linesOf("good").map(({ level, message }) => [level, message]).toSorted(), [
    ["info", "Stage 1 of 2 ended with exit code 0"],
    ["info", "Stage 2 of 2 ended with exit code 0"],
  ]);
});

Deno.test("a pipe streams: what goes in comes out before the input ends", async () => {
  const text = `${QUIET}
[[routes]]
path = "POST /echo"
run = ["cat", { command = ["sed", "-u", "s/a/b/"] }, "cat"]
`;
  await using server = await startGateway(text);
  using client = await RawClient.connect(server.url);
  await client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  await client.send("4\r\naaa\n\r\n");
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "baa\n");
  await client.send("4\r\naab\n\r\n");
  equal(await client.chunk(), "bab\n");
  await client.send("0\r\n\r\n");
  equal(await client.chunk(), "");
});

Deno.test("the bounds of a route are for what comes to it, and not for what its programs pass on", async () => {
  const text = `${QUIET}
defaults = { warm = false, maxBody = 4, maxConcurrency = 1, queue = 0 }
[[routes]]
path = "/pipe"
run = ["sed s/./xxxxx/g", "cat", "cat"]
[[routes]]
path = "/chain"
chain = ["sed s/./xxxxx/g", "cat"]
`;
  await using server = await startGateway(text);
  const post = (path: string, body: string) => seen(server.url + path, { method: "POST", body });
  for (let i = 0; i < 3; i++) {
    deepEqual(await post("/pipe", "1234"), { status: 200, body: "x".repeat(20) });
    deepEqual(await post("/chain", "1234"), { status: 200, body: "x".repeat(20) + "1234" });
  }
  deepEqual([(await post("/pipe", "12345")).status, (await post("/chain", "12345")).status], [413, 413]);
});

Deno.test("with stats, an answer says what all of its programs used together", async () => {
  const busy = {
    command: ["python3", "-c", "import sys\nfor _ in range(1_000_000): pass\nsys.stdout.write(sys.stdin.read())"],
  };
  const text = JSON.stringify({
    listen: "127.0.0.1:0",
    accessLog: "none",
    defaults: { stats: true, warm: false },
    routes: [
      { path: "/one", run: busy },
      { path: "/pipe", run: [busy, busy, busy] },
      { path: "/chain", chain: [busy, busy, busy] },
      { path: "/failed", run: ["false", busy] },
    ],
  });
  await using server = await startGateway(text, { name: "gateway.json" });
  const used = async (path: string) => {
    const response = await fetch(server.url + path, { method: "POST", body: "x" });
    await response.text();
    const [, ms] = /utime: ([\d.]+)ms/.exec(response.headers.get("urocket-stats") ?? "") ?? [];
    return { status: response.status, ms: Number(ms), timing: response.headers.get("server-timing") ?? "" };
  };
  const one = await used("/one");
  for (const path of ["/pipe", "/chain"]) {
    const { status, ms, timing } = await used(path);
    equal(status, 200);
    ok(ms > 1.8 * one.ms, `${path}: ${ms} ms of three, ${one.ms} of one`);
    match(timing, /^user;dur=[\d.]+, system;dur=[\d.]+, total;dur=[\d.]+$/);
  }
  equal((await used("/failed")).status, 502);
});
