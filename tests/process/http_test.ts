/** The finer points of HTTP, as a client sees them on the wire. */

import { deepEqual, equal, match } from "node:assert/strict";
import { seen } from "../support/ask.ts";
import { makeFolder } from "../support/folder.ts";
import { listenProgram, listenShell } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

Deno.test("X-Request-Id goes in and out, and is made where it is missing or no id", async () => {
  await using server = await listenShell('echo "$REQUEST_ID"');
  const given = await fetch(server.url, { headers: { "x-request-id": "given-1.2~3" } });
  deepEqual([given.headers.get("x-request-id"), await given.text()], ["given-1.2~3", "given-1.2~3\n"]);
  for (const id of ["has space", "x".repeat(129), '"quoted"', "$(id)"]) {
    const response = await fetch(server.url, { headers: { "x-request-id": id } });
    const made = response.headers.get("x-request-id")!;
    match(made, /^[0-9a-f-]{36}$/);
    equal(await response.text(), made + "\n");
  }
  await using failing = await listenShell("exit 1");
  const response = await fetch(failing.url, { headers: { "x-request-id": "failed" } });
  equal(response.headers.get("x-request-id"), "failed");
  await response.body?.cancel();
});

Deno.test("HEAD has the head of GET and no body, and the program runs to its end", async () => {
  await using folder = await makeFolder();
  await using server = await listenShell('echo "$REQUEST_METHOD"; echo ended >"$FILE"', {
    env: { FILE: folder.file("ended") },
  });
  using client = await RawClient.connect(server.url);
  await client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  const { status, headers } = await client.head();
  deepEqual([status, headers["content-type"]], [200, "text/plain; charset=utf-8"]);
  equal((await server.exit()).error, undefined);
  equal(await Deno.readTextFile(folder.file("ended")), "ended\n");
  // The next answer on the same connection begins where the head ended.
  await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  equal((await client.head()).status, 200);
  match(await client.rest(), /GET\n/);
});

Deno.test("204 and 304 have no body, whatever the program writes", async () => {
  for (const code of [204, 304]) {
    await using server = await listenShell(`printf 'Status: ${code}\\nX-A: 1\\n\\nbody that must not be sent'`, {
      mode: "cgi",
    });
    using client = await RawClient.connect(server.url);
    await client.send(GET + "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (let i = 0; i < 2; i++) {
      const { status, headers } = await client.head();
      deepEqual([status, headers["x-a"], headers["content-length"], headers["transfer-encoding"]], [
        code,
        "1",
        undefined,
        undefined,
      ]);
    }
    equal(await client.rest(), "");
  }
});

Deno.test("trailers reach the client behind the last chunk", async () => {
  const codes: Record<string, string> = {
    python: "service.res.header('Trailer', 'X-Sum')\nservice.res.write('body')\nservice.res.trailer('X-Sum', '42')",
    ruby: "service.res.header('Trailer', 'X-Sum')\nservice.res.write('body')\nservice.res.trailer('X-Sum', '42')",
    javascript: "service.res.header('Trailer', 'X-Sum'); service.res.write('body'); " +
      "service.res.trailer('X-Sum', '42'); service.res.end()",
  };
  for (const [language, code] of Object.entries(codes)) {
    await using server = await listenProgram({ code, language });
    using client = await RawClient.connect(server.url);
    await client.send("GET / HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nConnection: close\r\n\r\n");
    const { headers } = await client.head();
    equal(headers["transfer-encoding"], "chunked", language);
    equal(headers["trailer"]?.toLowerCase(), "x-sum", language);
    match(await client.rest(), /^4\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n$/i, language);
  }
});

Deno.test("an answer's length is told when it is known, and chunks are used when it is not", async () => {
  await using short = await listenShell("printf short");
  using first = await RawClient.connect(short.url);
  await first.send(GET);
  const whole = (await first.head()).headers;
  deepEqual([whole["content-length"], whole["transfer-encoding"]], ["5", undefined]);
  await using announced = await listenShell("printf 'Content-Length: 5\\n\\nshort'", { mode: "cgi" });
  using second = await RawClient.connect(announced.url);
  await second.send(GET);
  equal((await second.head()).headers["content-length"], "5");
});

Deno.test("text in every script passes through parameters, bodies, heads and paths", async () => {
  const words = "Ä ß ñ € — Ελληνικά русский עברית العربية 中文 日本語 한국어 🫖 e\u0301";
  const query = new URLSearchParams({ [words]: words });
  const code: Record<string, string> = {
    python: "k, v = next(iter(service.params.items()))\nprint(k == v, v)\nprint(service.req.read().decode())",
    ruby:
      'k, v = service.params.first\nputs "#{k == v ? "True" : "False"} #{v}"\nputs service.req.read.force_encoding("UTF-8")',
    javascript: "const [[k, v]] = Object.entries(service.params); let text = ''; service.req.setEncoding('utf8');\n" +
      "service.req.on('data', (d) => text += d).on('end', () => " +
      "service.res.end(`${k === v ? 'True' : 'False'} ${v}\\n${text}\\n`))",
  };
  for (const [language, source] of Object.entries(code)) {
    await using server = await listenProgram({ code: source, language, env: { LANG: "C", LC_ALL: "C" } });
    const init = { method: "POST", body: words, headers: { "content-type": "text/plain" } };
    deepEqual(
      await seen(`${server.url}/?${query}`, init),
      { status: 200, body: `True ${words}\n${words}\n` },
      language,
    );
  }
  await using path = await listenShell('printf %s "$PATH_INFO"');
  equal((await seen(`${path.url}/${encodeURIComponent(words)}`)).body, `/${words}`);
});

Deno.test("Expect: 100-continue is answered before the body is sent", async () => {
  await using server = await listenShell("cat");
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  equal((await client.head()).status, 100);
  await client.send("hello");
  equal((await client.head()).status, 200);
});

Deno.test("requests follow one another on one connection, whatever became of the last", async () => {
  await using server = await listenShell('cat; test "$PARAM_fail" = 1 && exit 3; exit 0');
  using client = await RawClient.connect(server.url);
  for (const [path, status] of [["/", 200], ["/?fail=1", 502], ["/", 200], ["/%00", 400], ["/", 200]] as const) {
    await client.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    const head = await client.head();
    deepEqual([path, head.status], [path, status]);
    await client.body(head);
  }
});

Deno.test("methods of any name reach the program, but for those no handler can be given", async () => {
  await using server = await listenShell('printf %s "$REQUEST_METHOD"');
  for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT"]) {
    deepEqual(await seen(server.url, { method }), { status: 200, body: method });
  }
  using client = await RawClient.connect(server.url);
  await client.send("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).status, 501);
});
