/** Heads that are none, as programs of each mode may write them. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { detail, seen } from "../support/ask.ts";
import { makeFolder } from "../support/folder.ts";
import { listenProgram, listenShell } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";

const badHead = [502, "The program answered with an invalid head"] as const;

const heads: Record<"service" | "cgi", Record<string, string>> = {
  service: {
    "a status above 599": "HTTP/1.1 999 No\r\n\r\n",
    "a status below 200": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "a status that is no number": "HTTP/1.1 abc No\r\n\r\n",
    "another protocol": "HTTP/3 200 OK\r\n\r\n",
    "no status line": "Content-Type: text/plain\r\n\r\nbody",
    "a name that is no token": "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
    "a line without a colon": "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "a folded line": "HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\n\r\n",
    "a NUL in a value": "HTTP/1.1 200 OK\r\nX-A: 1\0\r\n\r\n",
    "a bare CR in a value": "HTTP/1.1 200 OK\r\nX-A: 1\rSet-Cookie: a=b\r\n\r\n",
    "a transfer coding we do not know": "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "a length that is no number": "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "no end": "HTTP/1.1 200 OK\r\nX-A: 1\r\n",
    "no bound": `HTTP/1.1 200 OK\r\nX-A: ${"x".repeat(100_000)}`,
  },
  cgi: {
    "a status above 599": "Status: 999\n\n",
    "a status that is no number": "Status: fine\n\n",
    "a status with a fourth digit": "Status: 2000\n\n",
    "an empty status": "Status:\n\n",
    "a name that is no token": "X A: 1\n\n",
    "no header at all": "just text\n\n",
    "an empty head": "\nbody",
    "no end": "Content-Type: text/plain\n",
    "nothing": "",
    "a status line of its own that is wrong": "HTTP/1.1 abc\r\n\r\n",
    "a status line of its own that is out of range": "HTTP/1.0 700 No\r\n\r\n",
  },
};
/** What RFC 3875 allows though it looks wrong. */
const tolerated = new Set(["an empty head"]);

for (const [mode, cases] of Object.entries(heads)) {
  Deno.test(`in ${mode} mode an invalid head is a 502`, async () => {
    await using folder = await makeFolder(
      Object.fromEntries(Object.values(cases).map((head, i) => [`head-${i}`, head])),
    );
    // Past the runner, straight to the descriptor, as a program can that is determined to.
    const code = 'import os\nwith open(os.environ["PARAM_file"], "rb") as f: os.write(1, f.read())\nos._exit(0)';
    await using server = mode === "service"
      ? await listenProgram({ code, language: "python" })
      : await listenShell('cat "$PARAM_file"', { mode: "cgi" });
    for (const [i, what] of Object.keys(cases).entries()) {
      if (tolerated.has(what)) continue;
      const answer = await detail(`${server.url}/?file=${encodeURIComponent(folder.file(`head-${i}`))}`);
      deepEqual(answer, badHead, `${what}: ${answer}`);
    }
  });
}

Deno.test("a whole HTTP message from a CGI program is taken as it is, but for what belongs to the connection", async () => {
  await using server = await listenShell(
    "printf 'HTTP/1.1 418 Teapot\\r\\nX-A: 1\\r\\nConnection: upgrade\\r\\nUpgrade: x\\r\\nKeep-Alive: timeout=9\\r\\n\\r\\nbody'",
    { mode: "cgi" },
  );
  const response = await fetch(server.url);
  deepEqual([response.status, response.headers.get("x-a"), await response.text()], [418, "1", "body"]);
  equal(response.headers.get("upgrade"), null);
});

Deno.test("a CGI program that gives only a Location redirects with 302", async () => {
  await using server = await listenShell("printf 'Location: /there\\n\\n'", { mode: "cgi" });
  const response = await fetch(server.url, { redirect: "manual" });
  deepEqual([response.status, response.headers.get("location"), await response.text()], [302, "/there", ""]);
});

Deno.test("a body with fewer or more bytes than its head announced is never taken for whole", async () => {
  for (const length of [1, 100]) {
    await using server = await listenShell(`printf 'Content-Length: ${length}\\n\\nfour'`, { mode: "cgi" });
    const { status, body } = await seen(server.url).catch(() => ({ status: 0, body: "broken" }));
    ok(status === 502 || body === "broken", `${length}: ${status} ${body}`);
  }
});

Deno.test("chunked coding that a program broke off shows to the client", async () => {
  await using server = await listenProgram({
    code: 'import os\nos.write(1, b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n")\n' +
      "os.read(0, 1)\nos._exit(0)",
    language: "python",
  });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n");
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "hello");
  await client.send("x");
  equal(await client.rest(), "");
});
