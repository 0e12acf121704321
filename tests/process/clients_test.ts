/** Clients that leave and clients that are slow: what becomes of the program, and what is left behind. */

import { deepEqual, equal, match } from "node:assert/strict";
import { detail, seen } from "../support/ask.ts";
import { makeFolder } from "../support/folder.ts";
import { listenProgram, listenShell } from "../support/in_process.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { childrenOf, descriptors, settledDescriptors } from "../support/processes.ts";
import { RawClient } from "../support/raw_client.ts";
import { serve } from "../support/serve.ts";
import { until } from "../support/within.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const late = [504, "The program did not answer in time"] as const;

// Clients that leave

const tree = 'exec 9>"$LIFELINE"; sleep 1000 & echo $$ >&9;';

/** Serves by the command line with a temporary directory of its own, lets clients do something, and looks what is left. */
async function leavesNothing(code: string, leave: (url: string, lifeline: () => Promise<string>) => Promise<void>) {
  await using folder = await makeFolder();
  await Deno.mkdir(folder.file("tmp"));
  await using warmUp = await makeLifeline(folder);
  await using lifeline = await makeLifeline(folder);
  const env = { TMPDIR: folder.file("tmp") };
  const file = folder.file("program.sh");
  await Deno.writeTextFile(file, `LIFELINE="$PARAM_lifeline"; ${tree} ${code}`);
  await using server = await serve(["-t", "0", file], { env });
  const at = (fifo: string) => `${server.url}/?lifeline=${encodeURIComponent(fifo)}&big=${"x".repeat(100_000)}`;
  await leave(at(warmUp.path), warmUp.line);
  await warmUp.gone();
  await until("the first request's files are gone", () => folderIsEmpty(folder.file("tmp")));
  const before = await settledDescriptors(server.pid);
  await leave(at(lifeline.path), lifeline.line);
  await lifeline.gone();
  await until("the temporary files are gone", () => folderIsEmpty(folder.file("tmp")));
  await until("the descriptors are as many as before", () => descriptors(server.pid).length <= before);
}

function folderIsEmpty(path: string): boolean {
  return [...Deno.readDirSync(path)].length === 0;
}

function target(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

Deno.test("a client that leaves in the middle of its upload leaves no process, file or descriptor", async () => {
  await leavesNothing("cat >/dev/null; wait", async (url, line) => {
    using client = await RawClient.connect(url);
    await client.send(`POST ${target(url)} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`);
    await client.send(new Uint8Array(1000));
    await line();
  });
});

Deno.test("a client that leaves in the middle of its download leaves no process, file or descriptor", async () => {
  await leavesNothing("cat /dev/zero; wait", async (url, line) => {
    using client = await RawClient.connect(url);
    await client.send(`GET ${target(url)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.exactly(200_000);
    await line();
  });
});

Deno.test("a client that leaves a program that is silent leaves no process, file or descriptor", async () => {
  await leavesNothing("wait", async (url, line) => {
    using client = await RawClient.connect(url);
    await client.send(`GET ${target(url)} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await line();
  });
});

Deno.test("a client that leaves while its multipart form comes in leaves no file", async () => {
  await using folder = await makeFolder({ "form.py": "print(len(service.req.files))\n" });
  await Deno.mkdir(folder.file("tmp"));
  await using server = await serve([folder.file("form.py")], { env: { TMPDIR: folder.file("tmp") } });
  {
    using client = await RawClient.connect(server.url);
    await client.send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000\r\n\r\n" +
        '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + "x".repeat(500_000),
    );
    await until("a file is there", () => !folderIsEmpty(folder.file("tmp")));
  }
  await until("it is gone", () => folderIsEmpty(folder.file("tmp")));
});

Deno.test("a client that leaves while it waits in the queue is forgotten", async () => {
  await using server = await listenShell('test "$PARAM_quick" = 1 || exec cat; echo quick', {
    timeoutMs: 0,
    limits: { concurrency: 1, queue: 1 },
  });
  using holder = await RawClient.connect(server.url);
  await holder.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  equal((await holder.head()).status, 200);
  {
    using waiting = await RawClient.connect(server.url);
    await waiting.send("GET /?quick=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    await until("it waits", async () => (await seen(`${server.url}/?quick=1`)).status === 503);
  }
  await until("its place is free", () => server.accesses.some(({ complete }) => !complete));
  const next = fetch(`${server.url}/?quick=1`);
  await holder.send("0\r\n\r\n");
  equal(await (await next).text(), "quick\n");
});

Deno.test("200 clients that leave at once leave no process and no descriptor", async () => {
  await using server = await serve(["-t", "0", "--log", "none", "sh", "-c", "echo begun; exec sleep 1000"]);
  const leave = async () => {
    using client = await RawClient.connect(server.url);
    await client.send(GET);
    await client.head();
  };
  await leave();
  await until("the first is gone", () => childrenOf(server.pid).length === 0);
  const before = await settledDescriptors(server.pid);
  await Promise.all(Array.from({ length: 200 }, leave));
  await until("the processes are gone", () => childrenOf(server.pid).length === 0);
  await until("the descriptors are as many as before", () => descriptors(server.pid).length <= before);
});

// Slow ones

Deno.test("a program that is silent until its time is up is a 504", async () => {
  await using server = await listenShell("exec sleep 1000", { timeoutMs: 300 });
  deepEqual(await detail(server.url), late);
});

Deno.test("a program whose time is up after its first byte is cut off", async () => {
  await using server = await listenShell("echo begun; exec sleep 1000", { timeoutMs: 1000 });
  using client = await RawClient.connect(server.url);
  await client.send(GET);
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "begun\n");
  equal(await client.rest(), "");
});

Deno.test("the idle limit leaves a program alone that keeps moving", async () => {
  await using server = await listenShell("for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done", {
    timeoutMs: 0,
    idleTimeoutMs: 1500,
  });
  deepEqual(await seen(server.url), { status: 200, body: "1\n2\n3\n4\n5\n6\n" });
  await using silent = await listenShell("echo 1; exec sleep 1000", { timeoutMs: 0, idleTimeoutMs: 300 });
  const { body } = await seen(silent.url);
  equal(body, "broken");
});

Deno.test("one request too many is a 503 with Retry-After", async () => {
  await using server = await listenShell("exec cat", { timeoutMs: 0, limits: { concurrency: 2, queue: 0 } });
  const holders = await Promise.all([RawClient.connect(server.url), RawClient.connect(server.url)]);
  try {
    for (const holder of holders) {
      await holder.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
      equal((await holder.head()).status, 200);
    }
    const response = await fetch(server.url, { method: "POST", body: "x" });
    deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
    await response.body?.cancel();
    for (const holder of holders) {
      await holder.send("0\r\n\r\n");
      equal(await holder.chunk(), "x");
      equal(await holder.chunk(), "");
    }
    await until("there is room again", async () => {
      const { status } = await seen(server.url, { method: "POST", body: "x" });
      return status === 200;
    });
  } finally {
    for (const holder of holders) holder[Symbol.dispose]();
  }
});

Deno.test("a client that is slow with its head is cut off", async () => {
  await using server = await listenShell("echo", {}, { requestHeadMs: 500 });
  using silent = await RawClient.connect(server.url);
  using slow = await RawClient.connect(server.url);
  await slow.send("GET / HTTP/1.1\r\nHost: x\r\nX-A: ");
  const dripping = drip(slow);
  match(await slow.rest(), /^(HTTP\/1\.1 408 |$)/);
  await dripping;
  await silent.rest();
  equal(server.exits.length, 0);
});

/** Sends one byte after another until the server takes no more. */
async function drip(client: RawClient): Promise<void> {
  try {
    for (let i = 0; i < 200; i++) {
      await client.send("x");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } catch {
    return; // it was cut off, as it should be
  }
}

Deno.test("a client that stops in its body is cut off, and the program with it", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await listenShell(`${tree} cat; wait`, { timeoutMs: 0, env: { LIFELINE: lifeline.path } }, {
    requestBodyIdleMs: 500,
  });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbegun");
  await client.rest();
  await lifeline.gone();
});

Deno.test("a client that stops in a form is told so with 408, before any program starts", async () => {
  await using server = await listenProgram({ code: "print()", language: "python" }, { requestBodyIdleMs: 300 });
  using client = await RawClient.connect(server.url);
  await client.send(
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\na=b",
  );
  equal((await client.head()).status, 408);
  deepEqual(server.exits, []);
});

Deno.test("a client that sends its body byte by byte is served as long as it moves", async () => {
  await using server = await listenShell("cat", { timeoutMs: 0 }, { requestBodyIdleMs: 2000 });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  for (const byte of "hello") {
    await client.send(byte);
    if (byte === "h") await client.head();
    equal(await client.chunk(), byte);
  }
  equal(await client.chunk(), "");
});
