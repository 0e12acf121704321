/** What programs and clients do wrong, each over real HTTP: what the client sees, and that nothing is left behind. */

import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { type Language, Languages, program, type ProgramOptions, type ServeOptions } from "../../mod.ts";
import { makeFolder } from "../support/folder.ts";
import { type ListeningProgram, listenProgram } from "../support/in_process.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { RawClient } from "../support/raw_client.ts";
import { runCli, serve } from "../support/serve.ts";
import { descriptors, isRunning, peakBytes } from "../support/processes.ts";
import { until, within } from "../support/within.ts";

const MiB = 1024 * 1024;
const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/** What a client that reads to the end sees: `broken` when the answer ended before it was whole. */
async function seen(url: string, init?: RequestInit): Promise<{ status: number; body: string | "broken" }> {
  const response = await within("an answer", fetch(url, init));
  try {
    return { status: response.status, body: await within("its body", response.text()) };
  } catch {
    return { status: response.status, body: "broken" };
  }
}

/** The same for a GET whose target is too long for fetch. */
async function seenRaw(url: string, path: string): Promise<{ status: number; body: string }> {
  using client = await RawClient.connect(url);
  await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const head = await client.head();
  return { status: head.status, body: await client.body(head) };
}

/** The status and the detail of a problem document; the body as it is of another answer. */
async function detail(url: string, init?: RequestInit): Promise<[status: number, detail: string]> {
  const { status, body } = await seen(url, init);
  return [status, body.startsWith("{") ? JSON.parse(body).detail : body];
}

const failed = [502, "The program failed before it answered"] as const;
const notStarted = [502, "The program could not be started"] as const;
const badHead = [502, "The program answered with an invalid head"] as const;
const late = [504, "The program did not answer in time"] as const;

/** A program in a line of shell, served. */
function shell(
  code: string,
  options: Partial<ProgramOptions> = {},
  server: Partial<ServeOptions> = {},
): Promise<ListeningProgram> {
  return listenProgram({ code, language: "sh", ...options }, server);
}

// ---- It can not start -------------------------------------------------------------------------------------------

Deno.test("a missing file is refused before the first request, and answered 502 when it goes missing later", async () => {
  await using folder = await makeFolder({ "gone.py": "print('here')\n", "gone": "#!/bin/sh\necho here\n" });
  throws(() => program({ file: folder.file("never-there.py") }), { name: "NotFound", message: /No such file/ });
  for (const name of ["gone.py", "gone"]) {
    await using server = await listenProgram({ file: folder.file(name) });
    deepEqual(await seen(server.url), { status: 200, body: "here\n" });
    await Deno.remove(folder.file(name));
    deepEqual((await detail(server.url))[0], 502, name);
  }
});

Deno.test("a missing interpreter is refused with what to install, and answered 502 when it goes missing later", async () => {
  await using folder = await makeFolder({ "hello.zz": "echo here\n", "zzsh": '#!/bin/sh\nexec sh "$1"\n' });
  const zz = (interpreter: string): Language => ({
    name: "zz",
    extensions: [".zz"],
    interpreters: [interpreter],
    run: ["{interpreter}", "{file}"],
    install: "zz-tools",
  });
  throws(() => program({ file: folder.file("hello.zz"), languages: new Languages([zz("zz-not-there")]) }), {
    name: "TypeError",
    message: "Cannot run zz: zz-not-there is not installed; install it: apt-get install zz-tools",
  });
  await using server = await listenProgram({
    file: folder.file("hello.zz"),
    languages: new Languages([zz(folder.file("zzsh"))]),
  });
  deepEqual(await seen(server.url), { status: 200, body: "here\n" });
  await Deno.remove(folder.file("zzsh"));
  deepEqual(await detail(server.url), notStarted);
});

Deno.test("an executable whose first line names no interpreter that is there is answered 502", async () => {
  await using folder = await makeFolder({ "odd": "#!/no/such/interpreter\n" });
  await using server = await listenProgram({ file: folder.file("odd") });
  deepEqual(await detail(server.url), notStarted);
});

Deno.test("an unreadable file is refused with its name and the reason", async () => {
  await using folder = await makeFolder({ "secret.sh": "echo\n" });
  await Deno.chmod(folder.file("secret.sh"), 0o000);
  // Root reads everything, unless it gives up the right to.
  const asOthers = Deno.uid() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];
  if (asOthers.length > 0 && !await works([...asOthers, "true"])) {
    return console.log("not tested: an unreadable file, because root can not give up its rights here");
  }
  const { code, stderr } = await runCli(["serve", "-p", "0", folder.file("secret.sh")], { prefix: asOthers });
  equal(code, 1, stderr);
  match(stderr, /^sluice: Cannot read .*secret\.sh: permission denied$/m);
});

async function works([name, ...args]: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(name, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false; // it is not installed
  }
}

// ---- It dies ----------------------------------------------------------------------------------------------------

const throwing: Record<string, { before: string; after: string }> = {
  python: {
    before: "raise RuntimeError('inner')",
    after: "service.res.write('begun\\n')\nservice.req.read(1)\nraise RuntimeError('inner')",
  },
  ruby: { before: "raise 'inner'", after: "service.res.write(\"begun\\n\")\nservice.req.read(1)\nraise 'inner'" },
  perl: { before: "die 'inner'", after: '$service->{res}->write("begun\\n"); read STDIN, my $c, 1; die "inner"' },
  php: {
    before: "<?php throw new Exception('inner');",
    after: '<?php $service->res->write("begun\\n"); $service->req->read(1); throw new Exception("inner");',
  },
  javascript: {
    before: "throw new Error('inner')",
    after: "service.res.write('begun\\n'); service.req.once('data', () => { throw new Error('inner') })",
  },
  node: {
    before: "throw new Error('inner')",
    after: "service.res.write('begun\\n'); service.req.once('data', () => { throw new Error('inner') })",
  },
  lua: { before: "error('inner')", after: "service.res:write('begun\\n') service.req:read(1) error('inner')" },
  tcl: { before: "error inner", after: 'service write "begun\\n"; service read 1; error inner' },
};

const known = new Languages();

for (const [language, { before, after }] of Object.entries(throwing)) {
  Deno.test(`an error in ${language} before the first byte is a 502 that tells nothing of it`, async () => {
    await using server = await listenProgram({ code: before, language });
    const response = await fetch(server.url);
    const body = await response.text();
    deepEqual([response.status, response.headers.get("content-type")], [502, "application/problem+json"]);
    ok(!body.includes("inner"), body);
    await until("its error is logged", () => server.log.some((line) => line.includes("inner")));
  });

  Deno.test(`an error in ${language} after the first byte cuts the answer off`, async () => {
    await using server = await listenProgram({ code: after, language });
    using client = await RawClient.connect(server.url);
    await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n");
    const { status, headers } = await client.head();
    deepEqual([status, headers["transfer-encoding"]], [200, "chunked"], known.named(language).name);
    equal(await client.chunk(), "begun\n");
    await client.send("x");
    equal(await client.rest(), "", "a last chunk would say that the answer is whole");
    const { error } = await server.exit();
    equal(error?.name, "ProgramError");
  });
}

Deno.test("exit code 3 before any output is a 502", async () => {
  await using server = await shell("exit 3");
  deepEqual(await detail(server.url), failed);
  deepEqual((await server.exit()).code, 3);
});

Deno.test("exit code 3 right behind a short output is no complete 200", async () => {
  await using server = await shell("echo short; exit 3");
  for (let i = 0; i < 20; i++) {
    const { status, body } = await seen(server.url);
    ok(status === 502 || body === "broken", `${status}: ${body}`);
  }
});

Deno.test("exit code 3 after an output that was sent breaks the chunked coding", async () => {
  await using server = await shell("echo begun; read -r line; exit 3");
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  equal((await client.head()).headers["transfer-encoding"], "chunked");
  equal(await client.chunk(), "begun\n");
  await client.send("go\n");
  equal(await client.rest(), "");
});

Deno.test("death by SIGSEGV is a 502, and the log has the signal's name", async () => {
  await using server = await shell("kill -SEGV $$; sleep 1000");
  deepEqual(await detail(server.url), failed);
  equal((await server.exit()).signal, "SIGSEGV");
  ok(server.log.some((line) => line.includes("SIGSEGV")), server.log.join("\n"));
});

Deno.test("a program that closes its standard output and sleeps has answered, and is ended", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await shell('exec 9>"$LIFELINE"; echo $$ >&9; echo whole; exec >&-; exec sleep 1000', {
    env: { LIFELINE: lifeline.path },
  });
  deepEqual(await seen(server.url), { status: 200, body: "whole\n" });
  await lifeline.gone();
});

Deno.test("a program that ignores SIGTERM is stopped all the same when its time is up", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await shell(
    `trap '' TERM; exec 9>"$LIFELINE"; sleep 1000 & echo $$ >&9; while :; do sleep 1000; done`,
    { timeoutMs: 300, env: { LIFELINE: lifeline.path } },
  );
  deepEqual(await detail(server.url), late);
  await lifeline.gone();
  equal((await server.exit()).signal, "SIGKILL");
});

Deno.test("a grandchild that ignores SIGTERM is gone as well, soon after its parent", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await shell(
    `exec 9>"$LIFELINE"; (trap '' TERM; echo $$ >&9; while :; do sleep 1000; done) & exec sleep 1000`,
    { timeoutMs: 300, env: { LIFELINE: lifeline.path } },
  );
  deepEqual(await detail(server.url), late);
  await lifeline.gone();
});

Deno.test("disposing waits for a grandchild that ignores SIGTERM", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  const server = await shell(
    `exec 9>"$LIFELINE"; (trap '' TERM; exec sleep 1000) & child=$!; trap '' TERM; echo $child >&9; trap - TERM; ` +
      "echo begun; exec sleep 1000",
    { timeoutMs: 0, env: { LIFELINE: lifeline.path } },
  );
  const response = await fetch(server.url);
  const pid = Number(await lifeline.line());
  await server[Symbol.asyncDispose]();
  equal(isRunning(pid), false, "the grandchild outlives the server that was disposed");
  await rejects(response.text());
  await lifeline.gone();
});

// ---- What it leaves behind --------------------------------------------------------------------------------------

Deno.test("a daemon that a program starts outlives the request, which ends at once", async () => {
  // Two forks, a session and a process group of its own, and no descriptor of ours: as daemon(7) has it.
  const code = "(setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!)";
  await using server = await shell(code, { timeoutMs: 0, idleTimeoutMs: 0 });
  const { status, body } = await seen(server.url);
  equal(status, 200);
  equal((await server.exit()).error, undefined);
  const pid = Number(body);
  try {
    ok(isRunning(pid), "the daemon was ended with the request");
  } finally {
    Deno.kill(pid, "SIGKILL");
  }
});

Deno.test("a daemon that keeps standard error open does not hold up the request", async () => {
  const code = "(setsid sleep 1000 </dev/null >/dev/null & echo $!)";
  await using server = await shell(code, { timeoutMs: 0, idleTimeoutMs: 0 });
  const { body } = await seen(server.url);
  try {
    equal((await within("the run ends", server.exit())).error, undefined);
  } finally {
    Deno.kill(Number(body), "SIGKILL");
  }
});

Deno.test("a grandchild that holds standard output ends the answer at the idle limit, whole, and is ended", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await shell('exec 9>"$LIFELINE"; sleep 1000 & echo $! >&9; echo whole', {
    timeoutMs: 0,
    idleTimeoutMs: 500,
    env: { LIFELINE: lifeline.path },
  });
  deepEqual(await seen(server.url), { status: 200, body: "whole\n" });
  await lifeline.gone();
  equal((await server.exit()).error, undefined);
});

Deno.test("late output of a grandchild belongs to the answer", async () => {
  await using folder = await makeFolder();
  await using server = await shell('mkfifo "$FIFO"; (read -r line <"$FIFO"; echo late) & echo early', {
    env: { FIFO: folder.file("fifo") },
  });
  using client = await RawClient.connect(server.url);
  await client.send(GET);
  await client.head();
  equal(await client.chunk(), "early\n");
  await Deno.writeTextFile(folder.file("fifo"), "go\n");
  equal(await client.chunk(), "late\n");
  equal(await client.chunk(), "");
});

// ---- Too much ---------------------------------------------------------------------------------------------------

Deno.test("100 MB of standard error and 10 MB without a line end cost neither the answer nor the server's memory", async () => {
  const codes = {
    "100 MB in lines": "yes 'a line of standard error, like many others' | head -c 100000000 >&2; echo answer",
    "10 MB in one line": "head -c 10000000 /dev/zero | tr '\\0' x >&2; echo answer",
  };
  for (const [what, code] of Object.entries(codes)) {
    await using server = await serve(["--log", "json", "-t", "60000", "sh", "-c", code]);
    const before = peakBytes(server.pid);
    deepEqual(await seen(server.url), { status: 200, body: "answer\n" }, what);
    const grown = peakBytes(server.pid) - before;
    ok(grown < 100 * MiB, `${what}: the server has grown by ${Math.round(grown / MiB)} MiB`);
    ok(server.stderr.length < 8 * MiB, `${what}: it logged ${server.stderr.length} bytes`);
  }
});

for (const [what, code] of [["answers at once", "echo answer"], ["sleeps first", "sleep 1; echo answer"]]) {
  Deno.test(`a program that never reads its 100 MB body and ${what} gets its answer through`, async () => {
    await using server = await serve(["sh", "-c", code]);
    const before = peakBytes(server.pid);
    using client = await RawClient.connect(server.url);
    await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${100 * MiB}\r\n\r\n`);
    const sending = sendAll(client, 100 * MiB);
    deepEqual((await client.head()).status, 200);
    match(await client.rest(), /answer\n/);
    await sending;
    const grown = peakBytes(server.pid) - before;
    ok(grown < 100 * MiB, `the server has grown by ${Math.round(grown / MiB)} MiB`);
  });

  Deno.test(`curl gets the answer of a program that never reads its 100 MB body and ${what}`, async () => {
    await using server = await shell(code);
    await using folder = await makeFolder({ "body": "" });
    await Deno.truncate(folder.file("body"), 100 * MiB);
    const { stdout } = await new Deno.Command("curl", {
      args: ["-s", "-S", "-H", "Expect:", "-T", folder.file("body"), "-X", "POST", server.url],
    }).output();
    equal(new TextDecoder().decode(stdout), "answer\n");
  });
}

/** Sends bytes until all are out or the server takes no more. */
async function sendAll(client: RawClient, count: number): Promise<void> {
  const chunk = new Uint8Array(64 * 1024);
  try {
    for (let sent = 0; sent < count; sent += chunk.byteLength) await client.send(chunk);
  } catch {
    // The server has had enough, which is its right.
  }
}

// ---- Invalid heads ----------------------------------------------------------------------------------------------

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
      : await shell('cat "$PARAM_file"', { mode: "cgi" });
    for (const [i, what] of Object.keys(cases).entries()) {
      if (tolerated.has(what)) continue;
      const answer = await detail(`${server.url}/?file=${encodeURIComponent(folder.file(`head-${i}`))}`);
      deepEqual(answer, badHead, `${what}: ${answer}`);
    }
  });
}

Deno.test("a whole HTTP message from a CGI program is taken as it is, but for what belongs to the connection", async () => {
  await using server = await shell(
    "printf 'HTTP/1.1 418 Teapot\\r\\nX-A: 1\\r\\nConnection: upgrade\\r\\nUpgrade: x\\r\\nKeep-Alive: timeout=9\\r\\n\\r\\nbody'",
    { mode: "cgi" },
  );
  const response = await fetch(server.url);
  deepEqual([response.status, response.headers.get("x-a"), await response.text()], [418, "1", "body"]);
  equal(response.headers.get("upgrade"), null);
});

Deno.test("a CGI program that gives only a Location redirects with 302", async () => {
  await using server = await shell("printf 'Location: /there\\n\\n'", { mode: "cgi" });
  const response = await fetch(server.url, { redirect: "manual" });
  deepEqual([response.status, response.headers.get("location"), await response.text()], [302, "/there", ""]);
});

Deno.test("a body with fewer or more bytes than its head announced is never taken for whole", async () => {
  for (const length of [1, 100]) {
    await using server = await shell(`printf 'Content-Length: ${length}\\n\\nfour'`, { mode: "cgi" });
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

// ---- Hostile requests -------------------------------------------------------------------------------------------

Deno.test("broken JSON is a 400 that starts no process", async () => {
  for (const language of ["python", "sh"]) {
    await using server = await listenProgram({ code: language === "sh" ? "echo" : "print()", language });
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
  await using server = await shell('echo "$PATH_INFO"');
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
  await using server = await shell('echo "$SLUICE_REQUEST_FILE"; test -f "$SLUICE_REQUEST_FILE"');
  const { status, body } = await seenRaw(server.url, `/?big=${"x".repeat(200_000)}`);
  equal(status, 200);
  await server.exit();
  await rejects(Deno.stat(body.trim()), Deno.errors.NotFound);
});

Deno.test("a Proxy header never becomes HTTP_PROXY, and a name with an underscore poses as no other", async () => {
  await using server = await shell("env", { env: { LC_ALL: "C" } });
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
  await using server = await shell("cat");
  for (const head of ["Content-Length: 3\r\nTransfer-Encoding: chunked", "Content-Length: 3\r\nContent-Length: 4"]) {
    using client = await RawClient.connect(server.url);
    await client.send(`POST / HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\nabcd`);
    const { status } = await client.head();
    equal(status, 400, head);
  }
});

// ---- Clients that leave -----------------------------------------------------------------------------------------

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

/** How many descriptors a process holds once the connections of earlier requests are closed. */
async function settledDescriptors(pid: number): Promise<number> {
  let last = -1;
  await until("the descriptors settle", async () => {
    const now = descriptors(pid).length;
    const same = now === last;
    last = now;
    if (!same) await new Promise((resolve) => setTimeout(resolve, 100));
    return same;
  });
  return last;
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
  await using server = await shell('test "$PARAM_quick" = 1 || exec cat; echo quick', {
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

// ---- Slow ones --------------------------------------------------------------------------------------------------

Deno.test("a program that is silent until its time is up is a 504", async () => {
  await using server = await shell("exec sleep 1000", { timeoutMs: 300 });
  deepEqual(await detail(server.url), late);
});

Deno.test("a program whose time is up after its first byte is cut off", async () => {
  await using server = await shell("echo begun; exec sleep 1000", { timeoutMs: 1000 });
  using client = await RawClient.connect(server.url);
  await client.send(GET);
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "begun\n");
  equal(await client.rest(), "");
});

Deno.test("the idle limit leaves a program alone that keeps moving", async () => {
  await using server = await shell("for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done", {
    timeoutMs: 0,
    idleTimeoutMs: 1500,
  });
  deepEqual(await seen(server.url), { status: 200, body: "1\n2\n3\n4\n5\n6\n" });
  await using silent = await shell("echo 1; exec sleep 1000", { timeoutMs: 0, idleTimeoutMs: 300 });
  const { body } = await seen(silent.url);
  equal(body, "broken");
});

Deno.test("one request too many is a 503 with Retry-After", async () => {
  await using server = await shell("exec cat", { timeoutMs: 0, limits: { concurrency: 2, queue: 0 } });
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
  await using server = await shell("echo", {}, { requestHeadMs: 500 });
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
  await using server = await shell(`${tree} cat; wait`, { timeoutMs: 0, env: { LIFELINE: lifeline.path } }, {
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
  await using server = await shell("cat", { timeoutMs: 0 }, { requestBodyIdleMs: 2000 });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  for (const byte of "hello") {
    await client.send(byte);
    if (byte === "h") await client.head();
    equal(await client.chunk(), byte);
  }
  equal(await client.chunk(), "");
});

// ---- Every time -------------------------------------------------------------------------------------------------

/** Asks so many times, so many at once, and counts the answers by status and body. */
async function count(url: string, times: number, atOnce: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let left = times;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) {
      const { status, body } = await seen(url);
      const key = `${status} ${body}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
  }));
  return counts;
}

Deno.test("1000 answers of 418 are 418 a thousand times", async () => {
  await using server = await shell("printf 'Status: 418\\n\\nshort and stout'", { mode: "cgi" });
  deepEqual(await count(server.url, 1000, 8), { "418 short and stout": 1000 });
});

const teapots: Record<string, string> = {
  python: "service.res.status(418)\nprint('short and stout', end='')",
  ruby: "service.res.status(418)\nprint 'short and stout'",
  javascript: "service.res.status(418); service.res.end('short and stout')",
};

for (const [language, code] of Object.entries(teapots)) {
  Deno.test(`100 answers of 418 from ${language} are 418 a hundred times`, async () => {
    await using server = await listenProgram({ code, language, timeoutMs: 60_000 });
    deepEqual(await count(server.url, 100, 8), { "418 short and stout": 100 });
  });
}

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

function childrenOf(pid: number): string[] {
  const text = [...Deno.readDirSync(`/proc/${pid}/task`)]
    .map(({ name }) => Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`)).join(" ");
  return text.split(" ").filter((child) => child !== "");
}

// ---- The finer points of HTTP -----------------------------------------------------------------------------------

Deno.test("X-Request-Id goes in and out, and is made where it is missing or no id", async () => {
  await using server = await shell('echo "$REQUEST_ID"');
  const given = await fetch(server.url, { headers: { "x-request-id": "given-1.2~3" } });
  deepEqual([given.headers.get("x-request-id"), await given.text()], ["given-1.2~3", "given-1.2~3\n"]);
  for (const id of ["has space", "x".repeat(129), '"quoted"', "$(id)"]) {
    const response = await fetch(server.url, { headers: { "x-request-id": id } });
    const made = response.headers.get("x-request-id")!;
    match(made, /^[0-9a-f-]{36}$/);
    equal(await response.text(), made + "\n");
  }
  await using failing = await shell("exit 1");
  const response = await fetch(failing.url, { headers: { "x-request-id": "failed" } });
  equal(response.headers.get("x-request-id"), "failed");
  await response.body?.cancel();
});

Deno.test("HEAD has the head of GET and no body, and the program runs to its end", async () => {
  await using folder = await makeFolder();
  await using server = await shell('echo "$REQUEST_METHOD"; echo ended >"$FILE"', {
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
    await using server = await shell(`printf 'Status: ${code}\\nX-A: 1\\n\\nbody that must not be sent'`, {
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
  await using short = await shell("printf short");
  using first = await RawClient.connect(short.url);
  await first.send(GET);
  const whole = (await first.head()).headers;
  deepEqual([whole["content-length"], whole["transfer-encoding"]], ["5", undefined]);
  await using announced = await shell("printf 'Content-Length: 5\\n\\nshort'", { mode: "cgi" });
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
  await using path = await shell('printf %s "$PATH_INFO"');
  equal((await seen(`${path.url}/${encodeURIComponent(words)}`)).body, `/${words}`);
});

Deno.test("Expect: 100-continue is answered before the body is sent", async () => {
  await using server = await shell("cat");
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  equal((await client.head()).status, 100);
  await client.send("hello");
  equal((await client.head()).status, 200);
});

Deno.test("requests follow one another on one connection, whatever became of the last", async () => {
  await using server = await shell('cat; test "$PARAM_fail" = 1 && exit 3; exit 0');
  using client = await RawClient.connect(server.url);
  for (const [path, status] of [["/", 200], ["/?fail=1", 502], ["/", 200], ["/%00", 400], ["/", 200]] as const) {
    await client.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    const head = await client.head();
    deepEqual([path, head.status], [path, status]);
    await client.body(head);
  }
});

Deno.test("methods of any name reach the program, but for those no handler can be given", async () => {
  await using server = await shell('printf %s "$REQUEST_METHOD"');
  for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT"]) {
    deepEqual(await seen(server.url, { method }), { status: 200, body: method });
  }
  using client = await RawClient.connect(server.url);
  await client.send("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n");
  equal((await client.head()).status, 501);
});
