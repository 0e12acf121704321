/** What programs do wrong, each over real HTTP: what the client sees, and that nothing is left behind. */

import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { type Language, Languages, program } from "../../mod.ts";
import { detail, seen } from "../support/ask.ts";
import { makeFolder } from "../support/folder.ts";
import { listenProgram, listenShell } from "../support/in_process.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { isRunning } from "../support/processes.ts";
import { RawClient } from "../support/raw_client.ts";
import { runCli } from "../support/serve.ts";
import { until, within } from "../support/within.ts";

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const failed = [502, "The program failed before it answered"] as const;
const notStarted = [502, "The program could not be started"] as const;
const late = [504, "The program did not answer in time"] as const;

// It can not start

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

// It dies

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
  tcl: { before: "error inner", after: 'service write "begun\\n"; service req read 1; error inner' },
};

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
    deepEqual([status, headers["transfer-encoding"]], [200, "chunked"], server.log.join("\n"));
    equal(await client.chunk(), "begun\n");
    await client.send("x");
    equal(await client.rest(), "", "a last chunk would say that the answer is whole");
    const { error } = await server.exit();
    equal(error?.name, "ProgramError");
    ok(server.log.some((line) => line.includes("inner")), server.log.join("\n"));
  });
}

Deno.test("exit code 3 before any output is a 502", async () => {
  await using server = await listenShell("exit 3");
  deepEqual(await detail(server.url), failed);
  deepEqual((await server.exit()).code, 3);
});

Deno.test("exit code 3 right behind a short output is no complete 200", async () => {
  await using server = await listenShell("echo short; exit 3");
  for (let i = 0; i < 20; i++) {
    const { status, body } = await seen(server.url);
    ok(status === 502 || body === "broken", `${status}: ${body}`);
  }
});

Deno.test("exit code 3 after an output that was sent breaks the chunked coding", async () => {
  await using server = await listenShell("echo begun; read -r line; exit 3");
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  equal((await client.head()).headers["transfer-encoding"], "chunked");
  equal(await client.chunk(), "begun\n");
  await client.send("go\n");
  equal(await client.rest(), "");
});

Deno.test("death by SIGSEGV is a 502, and the log has the signal's name", async () => {
  await using server = await listenShell("kill -SEGV $$; sleep 1000");
  deepEqual(await detail(server.url), failed);
  equal((await server.exit()).signal, "SIGSEGV");
  ok(server.log.some((line) => line.includes("SIGSEGV")), server.log.join("\n"));
});

Deno.test("a program that closes its standard output and sleeps has answered, and is ended", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await listenShell('exec 9>"$LIFELINE"; echo $$ >&9; echo whole; exec >&-; exec sleep 1000', {
    env: { LIFELINE: lifeline.path },
  });
  deepEqual(await seen(server.url), { status: 200, body: "whole\n" });
  await lifeline.gone();
});

Deno.test("a program that ignores SIGTERM is stopped all the same when its time is up", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await listenShell(
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
  await using server = await listenShell(
    `exec 9>"$LIFELINE"; (trap '' TERM; echo $$ >&9; while :; do sleep 1000; done) & exec sleep 1000`,
    { timeoutMs: 300, env: { LIFELINE: lifeline.path } },
  );
  deepEqual(await detail(server.url), late);
  await lifeline.gone();
});

Deno.test("disposing waits for a grandchild that ignores SIGTERM", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  const server = await listenShell(
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

// What it leaves behind

Deno.test("a daemon that a program starts outlives the request, which ends at once", async () => {
  // A second fork, a session of its own, and only then no descriptor of ours: as daemon(3) has it.
  const code = "(setsid sh -c 'echo $$; exec sleep 1000 </dev/null >/dev/null 2>&1' &)";
  await using server = await listenShell(code, { timeoutMs: 0, idleTimeoutMs: 0 });
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
  const code = "(setsid sh -c 'echo $$; exec sleep 1000 </dev/null >/dev/null' &)";
  await using server = await listenShell(code, { timeoutMs: 0, idleTimeoutMs: 0 });
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
  await using server = await listenShell('exec 9>"$LIFELINE"; sleep 1000 & echo $! >&9; echo whole', {
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
  await using server = await listenShell('mkfifo "$FIFO"; (read -r line <"$FIFO"; echo late) & echo early', {
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
