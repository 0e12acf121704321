/** Requests that are broken, or mean harm. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { detail, seen, seenRaw } from "../support/ask.ts";
import { listenProgram, listenShell } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";

Deno.test("broken JSON is a 400 that starts no process", async () => {
  for (const [language, code] of [["python", "print()"], ["perl", "print 1"]]) {
    await using server = await listenProgram({ code, language });
    for (const body of ['{"a":', "[1,]", "nonsense", '{"a":1}}', "\xff"]) {
      const [status] = await detail(server.url, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      equal(status, 400, `${language}: ${body}`);
    }
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const headers = { "content-type": "application/json" };
    equal((await detail(server.url, { method: "POST", body: deep, headers }))[0], 400);
    deepEqual(server.exits, []);
  }
});

Deno.test("a body that is no UTF-8 though it is JSON or a form is a 400", async () => {
  await using server = await listenProgram({ code: "print(service.params)", language: "python" });
  for (const type of ["application/json", "application/x-www-form-urlencoded"]) {
    const body = new Uint8Array([0x22, 0xff, 0xfe, 0x22]);
    equal((await detail(server.url, { method: "POST", body, headers: { "content-type": type } }))[0], 400, type);
  }
});

Deno.test("a path that is no percent-encoded UTF-8, or holds NUL, is a 400", async () => {
  await using server = await listenShell('echo "$PATH_INFO"');
  for (const path of ["/%ff", "/%zz", "/a%00b", "/%"]) equal((await detail(server.url + path))[0], 400, path);
  equal((await seen(`${server.url}/%2e%2e%2f%2e%2e%2fetc/passwd`)).status, 200);
});

Deno.test("200 KB of parameters arrive in service mode and in plain mode", async () => {
  const values = Array.from({ length: 200 }, (_, i): [string, string] => [`name${i}`, `${i}`.padEnd(1000, "x")]);
  const body = new URLSearchParams(values).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  await using service = await listenProgram({
    code: "print(len(service.params), sum(map(len, service.params.values())))",
    language: "python",
  });
  await using plain = await listenProgram({
    code: 'import os, json\np = json.load(open(os.environ["SLUICE_REQUEST_FILE"]))["params"]\n' +
      'print(len(p), sum(map(len, p.values())), len(os.environ["PARAM_name199"]))',
    language: "python",
    mode: "plain",
  });
  deepEqual(await seen(service.url, { method: "POST", body, headers }), { status: 200, body: "200 200000\n" });
  deepEqual(await seen(plain.url, { method: "POST", body, headers }), { status: 200, body: "200 200000 1000\n" });
  deepEqual(await seenRaw(plain.url, `/?${body}`), { status: 200, body: "200 200000 1000\n" });
});

Deno.test("a query of 1 MB and a form of 1 MB arrive whole", async () => {
  const value = "0123456789abcde ".repeat(65536);
  const query = `/?big=${value.replaceAll(" ", "+")}`;
  const form = new URLSearchParams({ big: value });
  const hash = Array.from(
    new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value))),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
  const python = "import hashlib, json, os\n";
  const codes: Record<string, { code: string; language: string; mode?: "plain" }> = {
    "service.params": {
      code: `${python}print(hashlib.sha256(service.params["big"].encode()).hexdigest())`,
      language: "python",
    },
    "SLUICE_REQUEST_FILE": {
      code: `${python}file = os.environ["SLUICE_REQUEST_FILE"]\n` +
        'print(hashlib.sha256(json.load(open(file))["params"]["big"].encode()).hexdigest())',
      language: "python",
      mode: "plain",
    },
    "service.params of Ruby": {
      code: 'require "digest"\nputs Digest::SHA256.hexdigest(service.params["big"])',
      language: "ruby",
    },
    "service.params of JavaScript": {
      code: 'const { createHash } = require("node:crypto");\n' +
        'console.log(createHash("sha256").update(service.params.big).digest("hex"));',
      language: "javascript",
    },
  };
  for (const [what, options] of Object.entries(codes)) {
    await using server = await listenProgram(options);
    deepEqual(await seenRaw(server.url, query), { status: 200, body: hash + "\n" }, `${what}, query`);
    deepEqual(
      await seen(server.url, { method: "POST", body: form }),
      { status: 200, body: hash + "\n" },
      `${what}, form`,
    );
  }
});

Deno.test("the file that holds a large request is gone when the request is", async () => {
  await using server = await listenShell('echo "$SLUICE_REQUEST_FILE"; test -f "$SLUICE_REQUEST_FILE"');
  const { status, body } = await seenRaw(server.url, `/?big=${"x".repeat(200_000)}`);
  equal(status, 200);
  await server.exit();
  await rejects(Deno.stat(body.trim()), Deno.errors.NotFound);
});

Deno.test("the body of a GET request is dropped, and no program waits for what was announced of it", async () => {
  await using server = await listenShell('echo "length=$CONTENT_LENGTH, $(wc -c | tr -d " ") bytes"');
  using client = await RawClient.connect(server.url);
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
  equal((await client.head()).status, 200);
  equal(await client.rest(), "length=, 0 bytes\n");
});

Deno.test("a Proxy header never becomes HTTP_PROXY, and a name with an underscore poses as no other", async () => {
  await using server = await listenShell("env", { env: { LC_ALL: "C" } });
  using client = await RawClient.connect(server.url);
  await client.send(
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nProxy: http://evil\r\nPROXY: http://evil2\r\n" +
      "X_Forwarded_For: evil3\r\nX-Real: good\r\nX_Real: evil4\r\nContent_Length: 9\r\nX-Two: a\r\nX-Two: b\r\n\r\n",
  );
  equal((await client.head()).status, 200);
  const lines = (await client.rest()).split("\n").filter((line) =>
    /^[A-Z_]+=/.test(line) && !line.startsWith("SLUICE")
  );
  deepEqual(lines.filter((line) => line.includes("evil")), []);
  deepEqual(lines.filter((line) => /^(HTTP_PROXY|CONTENT_LENGTH|HTTP_CONTENT)/.test(line)), []);
  ok(lines.includes("HTTP_X_REAL=good"));
  ok(lines.includes("HTTP_X_TWO=a, b"));
});

Deno.test("a request can not smuggle a second one in by its framing", async () => {
  await using server = await listenShell("cat");
  for (const head of ["Content-Length: 3\r\nTransfer-Encoding: chunked", "Content-Length: 3\r\nContent-Length: 4"]) {
    using client = await RawClient.connect(server.url);
    await client.send(`POST / HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\nabcd`);
    const { status } = await client.head();
    equal(status, 400, head);
  }
});
