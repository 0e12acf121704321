/** How `sluice serve` ends, alone and with `--workers`: nothing is left behind, and nobody is cut off before the time. */

import { deepEqual, equal, notEqual } from "node:assert/strict";
import { makeFolder } from "../support/folder.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { RawClient } from "../support/raw_client.ts";
import { runCli, serve } from "../support/serve.ts";
import { until } from "../support/within.ts";

async function text(url: string, init?: RequestInit): Promise<string> {
  return await (await fetch(url, init)).text();
}

Deno.test("--workers share one port, and all of them end with SIGINT", async () => {
  await using folder = await makeFolder({ "tree.sh": 'exec 9>"$LIFELINE"; echo begun; sleep 1000 & wait\n' });
  await using lifeline = await makeLifeline(folder);
  await using server = await serve([
    "--workers",
    "3",
    "-t",
    "0",
    "--env",
    `LIFELINE=${lifeline.path}`,
    folder.file("tree.sh"),
  ]);
  const clients = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(server.url)));
  try {
    for (const client of clients) {
      await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      equal((await client.head()).status, 200);
    }
    const stopped = server.stop();
    await refused(server.port);
    for (const client of clients) client[Symbol.dispose]();
    equal(await stopped, 0, server.stderr);
    await lifeline.gone();
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

Deno.test("SIGINT ends workers that are still starting", async () => {
  for (let i = 0; i < 3; i++) {
    await using server = await serve(["--workers", "8", "cat"]);
    equal(await server.stop(), 0);
  }
});

Deno.test("a server with --workers does not share its port with another server", async () => {
  await using first = await serve(["--workers", "2", "echo", "first"]);
  const command = ["serve", "-p", String(first.port)];
  await using second = await serve(["--workers", "2", "echo", "second"], { command });
  notEqual(second.port, first.port);
  for (let i = 0; i < 10; i++) {
    equal(await text(first.url, { headers: { connection: "close" } }), "first\n");
    equal(await text(second.url, { headers: { connection: "close" } }), "second\n");
  }
});

Deno.test("a failure is told once, however many workers there are", async () => {
  const { code, stderr } = await runCli(["serve", "-p", "0", "--workers", "3", "no-such-command-here"]);
  deepEqual([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
});

Deno.test("SIGINT ends the programs that run, their children too, and then the server with 0", async () => {
  await using folder = await makeFolder({
    "tree.sh": 'exec 9>"$LIFELINE"; sleep 1000 & (sleep 1000 & wait) & echo "$$" >&9; echo begun; wait\n',
  });
  await using lifeline = await makeLifeline(folder);
  await using server = await serve(["-t", "0", "--env", `LIFELINE=${lifeline.path}`, folder.file("tree.sh")]);
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "begun\n");
  await lifeline.line();
  equal(await server.stop(), 0, server.stderr);
  await lifeline.gone();
});

Deno.test("SIGINT lets an answer that is under way come to its end", async () => {
  await using folder = await makeFolder({ "wait.sh": "echo begun; read -r line; echo $line\n" });
  await using server = await serve(["-t", "0", folder.file("wait.sh")]);
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  await client.head();
  equal(await client.chunk(), "begun\n");
  const stopped = server.stop();
  await refused(server.port);
  await client.send("done\n");
  equal(await client.chunk(), "done\n");
  equal(await client.chunk(), "");
  equal(await stopped, 0, server.stderr);
});

Deno.test("SIGTERM ends the server with 0 as well", async () => {
  await using server = await serve(["cat"]);
  equal(await server.stop("SIGTERM"), 0);
});

Deno.test("a second SIGINT waits for nobody, and still leaves no program behind", async () => {
  await using folder = await makeFolder({
    "stay.sh": 'exec 9>"$LIFELINE"; echo "$$" >&9; echo begun; exec sleep 1000\n',
  });
  await using lifeline = await makeLifeline(folder);
  await using server = await serve(["-t", "0", "--env", `LIFELINE=${lifeline.path}`, folder.file("stay.sh")]);
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.head();
  const pid = Number(await lifeline.line());
  try {
    const stopped = server.stop();
    await refused(server.port);
    Deno.kill(server.pid, "SIGINT");
    equal(await stopped, 130);
    await lifeline.gone();
  } finally {
    killQuietly(pid);
  }
});

for (const [how, signals] of [["SIGINT", 1], ["a second SIGINT", 2]] as const) {
  Deno.test(`${how} in the middle of uploads leaves no temporary file`, async () => {
    await using folder = await makeFolder({ "form.py": "print(len(service.req.files))\n" });
    await Deno.mkdir(folder.file("tmp"));
    const left = () => [...Deno.readDirSync(folder.file("tmp"))].map(({ name }) => name);
    await using server = await serve(["-t", "0", folder.file("form.py")], { env: { TMPDIR: folder.file("tmp") } });
    const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(server.url)));
    try {
      for (const client of clients) {
        await client.send(
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000\r\n\r\n" +
            '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + "x".repeat(300_000),
        );
      }
      await until("the files are there", () => left().length === clients.length);
      const stopped = server.stop();
      if (signals === 2) {
        await refused(server.port);
        Deno.kill(server.pid, "SIGINT");
      }
      equal(await stopped, signals === 2 ? 130 : 0);
      deepEqual(left(), []);
    } finally {
      for (const client of clients) client[Symbol.dispose]();
    }
  });
}

/** Waits until nobody accepts connections on a port. */
async function refused(port: number): Promise<void> {
  await until("the server accepts no more", async () => {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return false;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return true;
      // It closed while we came.
      if (error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.ConnectionReset) return false;
      throw error;
    }
  });
}

function killQuietly(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It is gone, as it should be.
  }
}

Deno.test("a terminal that is closed ends the server as SIGINT does, with what runs, but not one of nohup", async () => {
  await using folder = await makeFolder({ "tree.sh": 'exec 9>"$LIFELINE"; echo begun; sleep 1000 & wait\n' });
  await using lifeline = await makeLifeline(folder);
  const words = ["--env", `LIFELINE=${lifeline.path}`, folder.file("tree.sh")];
  await using server = await serve(words);
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).status, 200);
  const ended = server.stop("SIGHUP");
  await refused(server.port);
  client[Symbol.dispose]();
  equal(await ended, 0, server.stderr);
  await lifeline.gone();

  await using lasting = await serve(["echo", "here"], { prefix: ["nohup"] });
  Deno.kill(lasting.pid, "SIGHUP");
  for (let i = 0; i < 3; i++) equal(await text(lasting.url), "here\n");
});
