/** urocket's files and its README's walk through them, with curl, as they are written there. */

import { deepEqual, equal, match } from "node:assert/strict";
import { sendReply } from "../support/callback.ts";
import { seen } from "../support/ask.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until, within } from "../support/within.ts";

/** Says its id as urocket's example does, and leaves the reply to somebody else. */
const STORE = '#!/bin/sh\necho "I stored the reqid :: $REQUEST_ID"\n';

/** Replies with what it was given, by a request to the socket. */
const REPLY = '#!/bin/sh\ncurl -sS --unix-socket "$SLUICE_REPLY_SOCKET" "http://x/urhttp/$REQUEST_ID" ';

const FLAT = `
servicename: mynastyphpport
port: 0
socketpath: urocket.sock

paths:
  /get/pets:
    post:
      validatein: false
      wd: scripts
      cmd: ./store.sh {{jsonpayload}}
      timeout: 20000
      channel: "cmdline"
      encoding: json
      logstdout: true
      validate-out: false
`;

const INJECTED = `
servicename: mynastyphpport
port: "0"
socketpath: urocket.sock

paths:
  /get/pets:
    post:
      validate-in: false
      inject:
        wd: scripts
        env:
          - MYENV=CI
        cmd: !ToSplit "./store.sh {{jsonpayload}}"
        timeout: 20000
        channel: "cmdline"
        encoding: json
      logstdout: true
      validateout: false
`;

function start(text: string, files: Record<string, string> = {}): Promise<TestGateway> {
  return startGateway(text, { name: "urocket-service.yaml", files: { "scripts/store.sh": STORE, ...files } });
}

/** A file with one action per path. */
function actions(lines: Record<string, string>): string {
  const paths = Object.entries(lines).map(([path, text]) => {
    return `  ${path}:\n    post:\n${text.trim().replace(/^/gm, "      ")}\n`;
  });
  return `port: 0\nsocketpath: urocket.sock\npaths:\n${paths.join("")}`;
}

/** A shell in which curl runs. */
async function curl(...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command("curl", { args: ["-sS", "-w", "\n%{http_code}", ...args] }).output();
  return new TextDecoder().decode(stdout);
}

for (const [form, text] of Object.entries({ "in the action": FLAT, "in inject": INJECTED })) {
  Deno.test(`the walk through urocket's README works as written, with the process ${form}`, async () => {
    await using server = await start(text);
    const json = ["-H", "Content-type: application/json"];
    let isBlocked = true;
    const front = curl("-X", "POST", `${server.url}/get/pets`, ...json, "-d", '{"payload":"low"}');
    front.finally(() => isBlocked = false);
    const { message, fields } = await server.said(/I stored the reqid :: \S+/);
    deepEqual([fields.route, fields.stream], ["POST /get/pets", "stdout"]);
    const id = message.split(" :: ")[1];
    const internal = (path: string) => {
      const socket = ["--unix-socket", server.folder.file("urocket.sock")];
      return curl("-X", "POST", ...socket, `http://internal${path}`, ...json, "-d", '{"hello":true}');
    };
    match(await internal("/urhttp/something"), /\n404$/);
    equal(isBlocked, true);
    match(await internal(`/urhttp/${id}`), /\n204$/);
    equal(await within("the first shell goes on", front), '{"hello":true}\n200');
    match(await internal(`/urhttp/${id}`), /\n409$/);
    match(await internal(`/${id}`), /\n409$/);
    equal(Deno.statSync(server.folder.file("urocket.sock")).mode! & 0o777, 0o600);
  });
}

Deno.test("the payload reaches the program by each channel as one whole, and is never run", async () => {
  const payload = `{"a":"'; touch pwned; echo \\"$(touch pwned)\\" \`touch pwned\` & |"}`;
  const echo = (what: string) => `${REPLY}-H "Content-Type: application/json" --data-binary ${what}\n`;
  const files = {
    "cmdline.sh": echo('"$1"'),
    "stdin.sh": echo("@-"),
    "env.sh": echo('"$PAYLOAD"'),
    "file.sh": echo('@"$SLUICE_PAYLOAD_FILE"'),
  };
  await using server = await start(
    actions({
      "/cmdline": "cmd: ./cmdline.sh {{jsonpayload}} otherparam\nchannel: cmdline\ntimeout: 20000",
      "/script": `cmd: [sh, -c, 'exec ./cmdline.sh {{jsonpayload}}']\nenv: ["X={{ jsonpayload }}"]\ntimeout: 20000`,
      "/stdin": "cmd: ./stdin.sh\nchannel: stdin\ntimeout: 20000",
      "/env": 'cmd: ./env.sh\nenv: ["PAYLOAD={{jsonpayload}}"]\nchannel: env\ntimeout: 20000',
      "/file": "cmd: ./file.sh\nchannel: file\ntimeout: 20000",
    }),
    files,
  );
  for (const path of ["cmdline", "script", "stdin", "env", "file"]) {
    const init = { method: "POST", body: payload, headers: { "content-type": "application/json" } };
    deepEqual(await seen(`${server.url}/${path}`, init), { status: 200, body: payload }, path);
  }
  equal(server.folder.names().includes("pwned"), false);
});

Deno.test("the end of a process answers as its policy says: not at all, with success, or with an error", async () => {
  await using server = await start(actions({
    "/success": "cmd: ['true']\non-exit: success\ntimeout: 20000",
    "/failed": "cmd: ['false']\non-exit: success\ntimeout: 20000",
    "/report": "cmd: [sh, -c, 'echo all done']\non-exit: report\ntimeout: 20000",
    "/error": "cmd: ['true']\non-exit: error\ntimeout: 20000",
    "/wait": "cmd: ['true']\non-exit: wait\ntimeout: 300",
    "/hang": "cmd: [sleep, '1000']\ntimeout: 300",
  }));
  const ask = (path: string) => seen(server.url + path, { method: "POST", body: "{}" });
  deepEqual(await ask("/success"), { status: 204, body: "" });
  equal((await ask("/failed")).status, 502);
  const { status, body } = await ask("/report");
  const { exitCode, stdout } = JSON.parse(body as string);
  deepEqual([status, exitCode, stdout], [200, 0, "all done\n"]);
  for (const [path, expected] of [["/error", 502], ["/wait", 504], ["/hang", 504]] as const) {
    equal((await ask(path)).status, expected, path);
  }
});

Deno.test("a reply that comes too late is told so, and of two replies the client has the first", async () => {
  await using server = await start(
    actions({
      "/late": "cmd: ./scripts/store.sh\nlogstdout: true\ntimeout: 300",
      "/twice": "cmd: ./twice.sh\nlogstdout: true\ntimeout: 20000",
    }),
    { "twice.sh": `${REPLY}-d first; ${REPLY.split("\n")[1]}-w 'second: %{http_code}' -o /dev/null -d second\n` },
  );
  const ask = (path: string) => seen(server.url + path, { method: "POST", body: "{}" });
  equal((await ask("/late")).status, 504);
  const { message } = await server.said(/reqid/);
  equal(await sendReply(server.folder.file("urocket.sock"), `/urhttp/${message.split(" :: ")[1]}`, "late"), 410);
  deepEqual(await ask("/twice"), { status: 200, body: "first" });
  await server.said("second: 409");
});

Deno.test("with stats, an answer says what its process used, as urocket does", async () => {
  const stats = "cmd: ./reply.sh\nstats: true\ntimeout: 20000";
  await using server = await start(actions({ "/stats": stats, "/plain": stats.replace("true", "false") }), {
    "reply.sh": `${REPLY}-d done\n`,
  });
  const fields = async (path: string) => {
    const response = await fetch(server.url + path, { method: "POST", body: "{}" });
    deepEqual([response.status, await response.text()], [200, "done"]);
    return ["urocket-stats", "server-timing"].map((name) => response.headers.get(name));
  };
  const [used, timing] = await fields("/stats");
  match(used ?? "", /^ResourceUsage \{ utime: ([\d.]+(ms|s)|0ns), stime: ([\d.]+(ms|s)|0ns), maxrss: \d{6,} \}$/);
  match(timing ?? "", /^user;dur=[\d.]+, system;dur=[\d.]+, total;dur=[\d.]+$/);
  deepEqual(await fields("/plain"), [null, null]);
});

Deno.test("a client that leaves ends its process, and a reply to it is refused", async () => {
  await using server = await start(actions({ "/stay": "cmd: ./stay.sh\nlogstdout: true\ntimeout: 0" }), {
    "stay.sh": '#!/bin/sh\necho "$REQUEST_ID"\nexec sleep 1000\n',
  });
  const leave = new AbortController();
  const left = seen(`${server.url}/stay`, { method: "POST", body: "{}", signal: leave.signal });
  left.catch(() => {/* it leaves */});
  const { message: id } = await server.said(/^[\da-f-]{36}$/);
  leave.abort();
  const socket = server.folder.file("urocket.sock");
  await until("the reply is refused", async () => await sendReply(socket, `/nope-${id}`, "x") === 404);
  await until("its id has expired", async () => [409, 410].includes(await sendReply(socket, `/${id}`, "x")));
});
