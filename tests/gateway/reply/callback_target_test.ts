/** Programs that reply by callback: what they are given, what their clients get, and when nothing comes. */

import { deepEqual, equal, match, rejects, throws } from "node:assert/strict";
import { callbackTarget } from "../../../src/gateway/reply/callback_target.ts";
import { PendingReplies } from "../../../src/gateway/reply/pending_replies.ts";
import type { ReplyWaiter } from "../../../src/gateway/reply/reply.ts";
import type { StartReport } from "../../../src/process/program_options.ts";
import { detail, seen } from "../../support/ask.ts";
import {
  callbackConfig,
  type CallbackSettings,
  listenCallback,
  reply,
  sendReply,
  waiting,
} from "../../support/callback.ts";
import { makeFolder } from "../../support/folder.ts";
import { makeLifeline } from "../../support/lifeline.ts";
import { RawClient } from "../../support/raw_client.ts";
import { within } from "../../support/within.ts";

const post = (body: BodyInit, type = "application/json") => ({
  method: "POST",
  body,
  headers: { "content-type": type },
});

// The way of a reply

Deno.test("a program's reply is its client's answer: body, type, status and fields", async () => {
  await using server = await listenCallback(
    `${reply}"?status=201" -H 'Content-Type: text/csv' -H 'Location: /x/1' -H 'X-Two: a b' -H 'Cache-Control: no-store' ` +
      `-H 'Set-Cookie: a=1' -H 'Set-Cookie: b=2' -H 'Authorization: Bearer x' -d a,b`,
  );
  const response = await fetch(server.url);
  deepEqual([response.status, await response.text()], [201, "a,b"]);
  const { headers } = response;
  const fields = ["content-type", "location", "x-two", "cache-control", "content-length"].map((name) =>
    headers.get(name)
  );
  deepEqual(fields, ["text/csv", "/x/1", "a b", "no-store", "3"]);
  deepEqual(headers.getSetCookie(), ["a=1", "b=2"]);
  for (const name of ["authorization", "user-agent", "accept", "host"]) equal(headers.get(name), null, name);
  const [{ code, error, stdoutBytes }] = await server.gone(1);
  deepEqual([code, error, stdoutBytes], [0, undefined, 0]);
});

Deno.test("how many requests wait for a place is told, whenever it changes", async () => {
  const counts: number[] = [];
  const onQueue = (count: number) => void counts.push(count);
  await using server = await listenCallback(`${reply} -d done`, { options: { limits: { concurrency: 1 }, onQueue } });
  await Promise.all([1, 2, 3].map(async () => equal((await seen(server.url)).body, "done")));
  await server.gone(3);
  deepEqual([Math.max(...counts) > 0, counts.at(-1)], [true, 0]);
});

Deno.test("a status may stand in a field, and a type that curl names by itself is none", async () => {
  await using server = await listenCallback(`${reply} -H 'X-Reply-Status: 418' -d short`, {
    program: { contentType: "text/plain; charset=utf-8" },
  });
  const response = await fetch(server.url);
  deepEqual([response.status, await response.text()], [418, "short"]);
  deepEqual(
    [response.headers.get("content-type"), response.headers.get("x-reply-status")],
    ["text/plain; charset=utf-8", null],
  );
});

Deno.test("a reply comes by any method, with or without urhttp, with no body or one that HEAD does not get", async () => {
  await using server = await listenCallback(
    'eval "curl -sS --unix-socket \\"\\$SLUICE_REPLY_SOCKET\\" $PARAM_how"',
  );
  const ask = (how: string, init?: RequestInit) => seen(`${server.url}/?how=${encodeURIComponent(how)}`, init);
  deepEqual(await ask("http://x/$REQUEST_ID -X PUT -d put"), { status: 200, body: "put" });
  deepEqual(await ask("http://x/urhttp/$REQUEST_ID -X PATCH -d patch"), { status: 200, body: "patch" });
  deepEqual(await ask("http://x/$REQUEST_ID -X DELETE"), { status: 200, body: "" });
  deepEqual(await ask("http://x/$REQUEST_ID"), { status: 200, body: "" });
  deepEqual(await ask("http://x/$REQUEST_ID?status=204 -d nothing"), { status: 204, body: "" });
  deepEqual(await ask("http://x/$REQUEST_ID -d head", { method: "HEAD" }), { status: 200, body: "" });
});

Deno.test("whoever replies is told 204 when the client's side has the reply, and may tidy up then", async () => {
  await using folder = await makeFolder();
  await using server = await listenCallback(
    `${reply} -d done -w '%{http_code}' >"$OUT"; sleep 0.3; echo tidied >>"$OUT"`,
    { program: { env: { OUT: folder.file("out") } } },
  );
  equal((await seen(server.url)).body, "done");
  await server.gone(1);
  equal(await Deno.readTextFile(folder.file("out")), "204tidied\n");
});

Deno.test("a job that was handed on replies when its leader has long ended, and finishes", async () => {
  await using folder = await makeFolder();
  await using server = await listenCallback(
    `(sleep 0.3; ${reply} -d heir; sleep 0.3; echo finished >"$OUT") >/dev/null 2>&1 & exit 3`,
    { program: { env: { OUT: folder.file("out") } } },
  );
  deepEqual(await seen(server.url), { status: 200, body: "heir" });
  equal((await server.gone(1))[0].code, 3);
  equal(await Deno.readTextFile(folder.file("out")), "finished\n");
});

// What a program is given

Deno.test("a program gets its payload by each channel, byte for byte", async () => {
  const hostile = '{"a": "; rm -rf / $(id) `id` \\" \'", "b": "{{jsonpayload}}"}\n\r\t *?[x] \\ -rf ü😀\ufeff';
  const ways: [string, CallbackSettings][] = [
    ['printf %s "$1"', { channel: "cmdline" }],
    ["cat", { channel: "stdin" }],
    ['printf %s "$SLUICE_PAYLOAD"', { channel: "env" }],
    ['cat "$SLUICE_PAYLOAD_FILE"', { channel: "file" }],
    ['printf %s "$2"', { channel: "cmdline", program: { args: ["first", "{{jsonpayload}}", "last"] } }],
    ['printf %s "$P"', { channel: "none", program: { env: { P: "{{jsonpayload}}" } } }],
    ['printf %s "${1#--data=}"', { channel: "none", program: { args: ["--data={{jsonpayload}}"] } }],
  ];
  for (const [line, settings] of ways) {
    await using server = await listenCallback(`${line} | ${reply} --data-binary @-`, settings);
    for (const body of [hostile, "-rf", "\ufeffbom", "$&$1", ""]) {
      const response = await fetch(server.url, post(body));
      deepEqual(await response.bytes(), new TextEncoder().encode(body), line);
    }
  }
});

Deno.test("the payload of a request that has no body is its parameters as JSON", async () => {
  await using server = await listenCallback(`printf '%s|%s' "$#" "$1" | ${reply} --data-binary @-`, {
    channel: "cmdline",
  });
  equal((await seen(`${server.url}/?b=%22%27&a=1&a=2`)).body, '1|{"b":"\\"\'","a":["1","2"]}');
  equal((await seen(server.url)).body, "1|{}");
});

Deno.test("a payload is one argument, whatever stands in it, and stands behind the others", async () => {
  await using server = await listenCallback(
    `for a; do printf '<%s>' "$a"; done | ${reply} --data-binary @-`,
    { channel: "cmdline", program: { args: ["a b", ""] } },
  );
  equal((await seen(server.url, post("x y\nz"))).body, "<a b><><x y\nz>");
});

Deno.test("a program is told its id, the path, the socket, and what every program is told", async () => {
  await using server = await listenCallback(
    `printf '%s|%s|%s|%s|%s|%s' "$REQUEST_ID" "$URIPATH" "$REQUEST_METHOD" "$PARAM_q" "$PARAM_payload" "$HOME_OF" ` +
      `| ${reply} --data-binary @-`,
    { program: { env: { HOME_OF: "me" } } },
  );
  const response = await fetch(`${server.url}/get/pets?q=1`, post('{"payload":"low"}'));
  const [id, ...rest] = (await response.text()).split("|");
  match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  deepEqual(rest, ["/get/pets", "POST", "1", "low", "me"]);
});

Deno.test("clients can't choose the id that is replied to", async () => {
  await using server = await listenCallback(`${reply} -d "$REQUEST_ID"`);
  const response = await fetch(server.url, { headers: { "x-request-id": "mine" } });
  equal(response.headers.get("x-request-id"), "mine");
  equal((await response.text()).length, 36);
});

Deno.test("a payload file lies in a private folder, and is gone afterwards", async () => {
  await using server = await listenCallback(
    `stat -c '%a %n' "$SLUICE_PAYLOAD_FILE" "$(dirname "$SLUICE_PAYLOAD_FILE")" | ${reply} --data-binary @-`,
    { channel: "file" },
  );
  const { body } = await seen(server.url, post("x".repeat(1_000_000)));
  const [, file] = /^600 (\S+)\n700 /.exec(body)!;
  await server.gone(1);
  throws(() => Deno.statSync(file), Deno.errors.NotFound);
});

Deno.test("a payload of 10 MB arrives by stdin and by a file", async () => {
  const body = new Uint8Array(10_000_000).fill(120);
  for (const [channel, line] of [["stdin", "wc -c"], ["file", 'wc -c <"$SLUICE_PAYLOAD_FILE"']] as const) {
    await using server = await listenCallback(`${line} | ${reply} --data-binary @-`, { channel });
    equal((await seen(server.url, { method: "POST", body })).body, "10000000\n", channel);
  }
});

Deno.test("a payload that fits in no argument is 413, one with a NUL byte or that is no text is 400", async () => {
  for (const channel of ["cmdline", "env"] as const) {
    await using server = await listenCallback(`printf %s "$1$SLUICE_PAYLOAD" | wc -c | ${reply} --data-binary @-`, {
      channel,
    });
    const room = 128 * 1024 - 1 - (channel === "env" ? "SLUICE_PAYLOAD=".length : 0);
    equal((await seen(server.url, post("x".repeat(room), "text/plain"))).body, `${room}\n`);
    const [status, why] = await detail(server.url, post("x".repeat(room + 1), "text/plain"));
    equal(status, 413);
    match(why, /channel stdin or file/);
    deepEqual(await detail(server.url, post("a\0b", "text/plain")), [
      400,
      "The body holds a NUL byte, which no argument or variable can",
    ]);
    deepEqual(await detail(server.url, post(Uint8Array.of(0xff), "text/plain")), [400, "The body is not valid UTF-8"]);
    equal(server.replies.size, 0);
  }
});

// When nothing comes

Deno.test("a reply that does not come in time is 504, and one that comes later 410", async () => {
  await using server = await listenCallback('echo "$REQUEST_ID" >&2; sleep 1000', { options: { timeoutMs: 300 } });
  deepEqual(await detail(server.url), [504, "The program did not answer in time"]);
  const [{ signal, error }] = await server.gone(1);
  deepEqual([signal, error?.message], ["SIGTERM", "The reply was not whole within 300 ms"]);
  equal(await sendReply(server.socket, `/${server.log[0]}`, "late"), 410);
});

Deno.test("the end of the process says nothing, unless it is to", async () => {
  await using server = await listenCallback("exit 1", { options: { timeoutMs: 300 } });
  equal((await seen(server.url)).status, 504);
});

Deno.test("a program that ends well is a success, where its end says so", async () => {
  await using server = await listenCallback('echo out; exit "$PARAM_code"', { onExit: "success" });
  deepEqual(await seen(`${server.url}/?code=0`), { status: 204, body: "" });
  deepEqual(await detail(`${server.url}/?code=3`), [502, "The program failed before it answered"]);
});

Deno.test("a program that ends is a report, where its end says so", async () => {
  for (const dev of [false, true]) {
    await using server = await listenCallback('echo out; echo err >&2; exit "$PARAM_code"', {
      onExit: "report",
      options: { dev },
    });
    const { durationMs, ...report } = await (await fetch(`${server.url}/?code=0`)).json();
    deepEqual(report, { exitCode: 0, signal: null, stdout: "out\n" });
    equal(typeof durationMs, "number");
    const failed = await fetch(`${server.url}/?code=3`);
    const { exitCode, stdout, stderr } = await failed.json();
    deepEqual(
      [failed.status, exitCode, stdout, stderr],
      dev ? [502, 3, "out\n", "err\n"] : [502, undefined, undefined, undefined],
    );
  }
});

Deno.test("a program that ends without a reply is 502, where its end says so, and one that replied before is not", async () => {
  await using server = await listenCallback(`[ -z "$PARAM_reply" ] || ${reply} -d yes`, { onExit: "error" });
  deepEqual(await detail(server.url), [502, "The program failed before it answered"]);
  deepEqual(await seen(`${server.url}/?reply=1`), { status: 200, body: "yes" });
});

Deno.test("a program that can't be started is 502 at once, and its id is known no more", async () => {
  await using server = await listenCallback("", { program: { command: undefined, file: "/etc/hostname", args: [] } });
  deepEqual(await detail(server.url), [502, "The program could not be started"]);
  equal(server.replies.size, 0);
});

Deno.test("a client that leaves ends the whole job, and a reply that comes afterwards is 410", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await listenCallback('exec 9>"$LIFELINE"; sleep 1000 & echo "$REQUEST_ID" >&9; wait', {
    program: { env: { LIFELINE: lifeline.path } },
  });
  const client = new AbortController();
  const asked = fetch(server.url, { signal: client.signal });
  const id = await lifeline.line();
  client.abort();
  await rejects(asked);
  await lifeline.gone();
  await server.gone(1);
  equal(await sendReply(server.socket, `/${id}`, "late"), 410);
});

Deno.test("a client that leaves in its upload ends the job", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using server = await listenCallback('exec 9>"$LIFELINE"; echo begun >&9; cat; sleep 1000', {
    channel: "stdin",
    program: { env: { LIFELINE: lifeline.path } },
  });
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n0123456789");
  await lifeline.line();
  client[Symbol.dispose]();
  await lifeline.gone();
  await server.gone(1);
});

Deno.test("a target that is closed ends its jobs, tells their clients, and takes no more", async () => {
  const replies = new PendingReplies<ReplyWaiter>();
  const config = callbackConfig({ program: { command: ["sleep", "1000"] } });
  const target = callbackTarget(config, { replies, socketPath: "/nowhere" });
  const waiting = target(new Request("http://x/"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await within("all has ended", Promise.resolve(target[Symbol.asyncDispose]()));
  equal((await waiting).status, 503);
  equal((await target(new Request("http://x/"))).status, 503);
});

Deno.test("a body that does not come is 408 where the program has to wait for it, and leaves nothing", async () => {
  for (const channel of ["cmdline", "file"] as const) {
    await using server = await listenCallback("exit", { channel, options: { timeoutMs: 300 } });
    using client = await RawClient.connect(server.url);
    await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
    equal((await client.head()).status, 408);
    deepEqual([server.replies.size, server.reports.length], [0, 0]);
  }
});

Deno.test("one request too many for the route's processes is 503, and a place is free when a reply has come", async () => {
  await using server = await listenCallback(waiting, { options: { limits: { concurrency: 1, queue: 0 } } });
  const { answer, token } = await server.ask();
  equal((await detail(server.url))[0], 503);
  equal(await sendReply(server.socket, `/${token}`, "done"), 204);
  equal(await (await answer).text(), "done");
  equal((await detail(server.url))[0], 503, "its process still runs");
});

Deno.test("a program that uses up what it was given is told apart, and reported with its start and its end", async () => {
  await using folder = await makeFolder();
  const starts: StartReport[] = [];
  const limits = { cpuMs: undefined, memoryBytes: undefined, processes: undefined, openFiles: undefined };
  await using server = await listenCallback("", {
    program: {
      command: ["dd", "if=/dev/zero", `of=${folder.file("out")}`, "bs=4096", "count=1"],
      limits: { ...limits, fileBytes: 1024, cpus: undefined },
    },
    onExit: "error",
    options: { onStart: (report) => void starts.push(report) },
  });
  deepEqual(await detail(server.url), [507, "The program wrote a larger file than it may"]);
  const [{ pid, startedAt, title, requestId, signal }] = await server.gone(1);
  deepEqual(starts, [{ pid, startedAt, title, requestId }]);
  equal(signal, "SIGXFSZ");
});

// What is refused before the first request

Deno.test("what can't be run, and what would run a payload, is refused before the first request", () => {
  const make = (settings: CallbackSettings) =>
    callbackTarget(callbackConfig(settings), { replies: new PendingReplies(), socketPath: "/x" });
  throws(() => make({ program: { command: ["no-such-command"] } }), Deno.errors.NotFound);
  throws(() => make({ program: { file: "/no/such/file.php" } }), Deno.errors.NotFound);
  throws(() => make({ program: { command: ["cat"], mode: "service" } }), TypeError);
  throws(() => make({ program: { command: ["cat"], warm: 2 } }), TypeError);
  const codes = [
    ["{{jsonpayload}}"],
    ["sh", "-c", "echo {{jsonpayload}}"],
    ["/bin/bash", "-exc", "echo '{{jsonpayload}}'"],
    ["env", "sh", "-c", "{{jsonpayload}}"],
    ["python3", "-c", "print({{jsonpayload}})"],
    ["perl", "-e{{jsonpayload}}"],
    ["php", "-r", "{{jsonpayload}}"],
    ["node", "--eval", "{{jsonpayload}}"],
    ["awk", "{{jsonpayload}}"],
  ];
  for (const command of codes) throws(() => make({ program: { command } }), TypeError, command.join(" "));
  throws(() => make({ program: { command: ["cat"], env: { "{{jsonpayload}}": "" } } }), TypeError);
  for (const command of [["sh", "-c", 'echo "$1"', "sh", "{{jsonpayload}}"], ["echo", "-c", "{{jsonpayload}}"]]) {
    make({ program: { command } });
  }
});

Deno.test("standard output is logged when it is to be, and never fills a pipe", async () => {
  await using server = await listenCallback(
    `head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo; echo line; ${reply} -d done`,
    { program: { logStdout: true } },
  );
  equal((await seen(server.url)).body, "done");
  const [{ stdoutBytes, stderrBytes }] = await server.gone(1);
  deepEqual([stdoutBytes, stderrBytes], [3_000_006, 3_000_000]);
});
