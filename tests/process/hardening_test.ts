/** What a program, a client or a user's own code must not be able to do to the server and to others. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { type ExitReport, program } from "../../mod.ts";
import { makeFolder } from "../support/folder.ts";
import { listenProgram, listenShell } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { within } from "../support/within.ts";

const LONG_QUERY = "x".repeat(30_000);

Deno.test("a program that removes its request's folder hurts nobody", async () => {
  await using server = await listenShell('rm -rf "$(dirname "$SLUICE_REQUEST_FILE")"; echo removed');
  for (let i = 0; i < 2; i++) {
    const response = await fetch(`${server.url}/?q=${LONG_QUERY}`);
    equal(await response.text(), "removed\n");
    equal((await server.exit()).error, undefined);
  }
});

Deno.test("a user's onExit that throws is logged, and hurts nobody", async () => {
  const log: string[] = [];
  await using handler = program({
    command: ["echo", "hi"],
    log: (_level, message) => void log.push(message),
    onExit: () => {
      throw new Error("the user's own");
    },
  });
  const response = await handler(new Request("http://localhost/"));
  equal(await response.text(), "hi\n");
  await handler[Symbol.asyncDispose]();
  deepEqual(log, ["the user's own"]);
});

Deno.test("a program that fails while a descendant holds its standard output is a 502 at once", async () => {
  await using server = await listenShell("sleep 1000 & exit 3", { timeoutMs: 0, idleTimeoutMs: 0 });
  const response = await within("it is answered", fetch(server.url));
  equal(response.status, 502);
  await response.body?.cancel();
  equal((await server.exit()).code, 3);
});

Deno.test("disposing a program starts none of those that wait for a place", async () => {
  const exits: ExitReport[] = [];
  const handler = program({
    command: ["sleep", "1000"],
    timeoutMs: 0,
    limits: { concurrency: 1, queue: 10 },
    onExit: (report) => exits.push(report),
  });
  const answers = Array.from({ length: 3 }, () => handler(new Request("http://localhost/")));
  await handler.prepare();
  await handler[Symbol.asyncDispose]();
  deepEqual((await Promise.all(answers)).map(({ status }) => status), [503, 503, 503]);
  equal(exits.length <= 1, true);
});

Deno.test("a body that a failure cuts off reaches an HTTP/1.0 client as a reset, not as an end", async () => {
  await using server = await listenShell("echo begin; read -r line; exit 3");
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.0\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  await client.until("begin\n");
  await client.send("go\n");
  equal(await client.read(), null);
  equal(client.ending, "reset");
});

Deno.test("trailers are left out where there is no place for them, and no field may come late that must not", async () => {
  const code =
    "printf 'HTTP/1.1 200 OK\\r\\nTrailer: X-Sum, Content-Length\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n" +
    "2\\r\\nok\\r\\n0\\r\\nX-Sum: 1\\r\\nContent-Length: 3\\r\\n\\r\\n'";
  await using server = await listenProgram({ code, language: "sh", mode: "cgi" });
  using head = await RawClient.connect(server.url);
  await head.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await head.head()).headers.trailer, undefined);
  using old = await RawClient.connect(server.url);
  await old.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
  equal((await old.head()).status, 200);
  equal(new TextDecoder().decode((await old.read())!), "ok");
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).headers.trailer, "X-Sum, Content-Length");
  equal(await client.chunk(), "ok");
  match(await client.until("\r\n\r\n"), /^0\r\nx-sum: 1\r\n\r\n$/i);
});

Deno.test("204 tells no length, whatever the program says", async () => {
  await using server = await listenShell("printf 'Status: 204\\nContent-Length: 5\\n\\n'", { mode: "cgi" });
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const { status, headers } = await client.head();
  deepEqual([status, headers["content-length"]], [204, undefined]);
});

Deno.test("requests that two servers could read in two ways are refused", async () => {
  await using server = await listenShell("echo hi");
  const requests: [request: string, status: number][] = [
    ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501],
    ["GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200],
    ["GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 200],
  ];
  for (const [request, status] of requests) {
    using client = await RawClient.connect(server.url);
    await client.send(request);
    equal((await client.head()).status, status, request);
  }
});

Deno.test("a connection beyond the bound is closed, and the others go on", async () => {
  await using server = await listenProgram({ command: ["echo", "hi"] }, { connections: 2 });
  using first = await RawClient.connect(server.url);
  await first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  equal((await first.head()).status, 200);
  using _second = await RawClient.connect(server.url);
  using third = await RawClient.connect(server.url);
  await rejects(third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").then(() => third.head()));
});

Deno.test("the library runs with the permissions that its page names, and no more", async () => {
  await using folder = await makeFolder({
    "main.ts": `import { spawn } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
      const request = new Request("http://localhost/?name=Ada");
      const response = await spawn(request, { code: "print(service.params['name'])", language: "python" });
      console.log(response.status, (await response.text()).trim());`,
  });
  const permissions = ["--no-prompt", "--allow-run", "--allow-read", "--allow-env", "--allow-write"];
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...permissions, "--config", config, folder.file("main.ts")],
    env: { SLUICE_CACHE_DIR: folder.file("cache") },
  }).output();
  equal(new TextDecoder().decode(stdout), "200 Ada\n", new TextDecoder().decode(stderr));
});
