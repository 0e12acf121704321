/** Another reading of the file: what stays goes on, what goes is let finish, and what is wrong changes nothing. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { seen } from "../support/ask.ts";
import { sendReply } from "../support/callback.ts";
import { QUIET, startGateway, type TestGateway } from "../support/gateway.ts";
import { listen } from "../support/in_process.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { RawClient } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const STREAM = "echo begun; read -r line; echo $line\n";

/** A request whose program waits for the rest of its input. */
async function begin(url: string, path = "/stream"): Promise<RawClient> {
  const client = await RawClient.connect(url);
  await client.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n`);
  equal((await client.head()).status, 200);
  equal(await client.chunk(), "begun\n");
  return client;
}

/** Gives it the rest; its answer ends whole. */
async function finish(client: RawClient, answer = "done\n"): Promise<void> {
  await client.send("done\n");
  equal(await client.chunk(), answer);
  equal(await client.chunk(), "");
  client[Symbol.dispose]();
}

const route = (path: string, target: string) => `[[routes]]\npath = "${path}"\n${target}\n`;

Deno.test("a hundred open streams go on through a reload, and no connection is refused in the meantime", async () => {
  const stream = route("/stream", 'run = "stream.sh"');
  await using server = await startGateway(QUIET + stream + route("/fixed", 'respond = "before"'), {
    files: { "stream.sh": STREAM },
  });
  const clients = await Promise.all(Array.from({ length: 100 }, () => begin(server.url)));
  let isOver = false;
  const connecting = (async () => {
    const answers: string[] = [];
    while (!isOver) answers.push((await seen(`${server.url}/fixed`, { headers: { connection: "close" } })).body);
    return answers;
  })();
  await until("it is asked", () => seen(`${server.url}/fixed`).then(({ status }) => status === 200));
  for (let round = 0; round < 5; round++) {
    await server.reload(QUIET + stream + route("/fixed", `respond = "${round}"`) + route("/new", 'run = "stream.sh"'));
  }
  isOver = true;
  const answers = await connecting;
  deepEqual(answers.filter((answer) => !/^(before|\d)$/.test(answer)), []);
  equal((await seen(`${server.url}/fixed`)).body, "4");
  equal(server.gateway.urls[0], server.url);
  await Promise.all(clients.map((client) => finish(client)));
  await finish(await begin(server.url, "/new"));
});

Deno.test("requests under way finish with the old program, and new ones have the new one", async () => {
  await using server = await startGateway(QUIET + route("/stream", 'run = "old.sh"'), {
    files: { "old.sh": "echo begun; read -r line; echo old\n", "new.sh": "echo begun; read -r line; echo new\n" },
  });
  const old = await begin(server.url);
  await server.reload(QUIET + route("/stream", 'run = "new.sh"'));
  await finish(await begin(server.url), "new\n");
  await finish(old, "old\n");
  await server.reload(QUIET + route("/other", 'respond = "other"'));
  equal((await seen(`${server.url}/stream`)).status, 404);
});

Deno.test("a file with anything wrong in it changes nothing, and what is wrong is said", async () => {
  await using taken = await listen(() => new Response());
  const port = new URL(taken.url).port;
  const good = QUIET + route("/stream", 'run = "stream.sh"');
  await using server = await startGateway(good, {
    files: { "stream.sh": STREAM, "bad.c": "int main( {\n", "api.yaml": "openapi: 3.1.0\n" },
  });
  const open = await begin(server.url);
  const more = route("/more", 'respond = "more"');
  const wrong: [string, RegExp][] = [
    [good + "[[routes", /line \d|sluice\.toml:\d/],
    [good + more + route("/x", 'run = "nope.sh"'), /nope\.sh/],
    [good + more + route("/x", 'command = "no-such-command-here"'), /no-such-command-here/],
    [good + more + route("/x", 'run = "bad.c"'), /Cannot make the route \* \/x:[^]*bad\.c/],
    [good + more + 'openapi = { document = "api.yaml" }\n', /openapi/],
    [
      `accessLog = "none"\nlisten = ["127.0.0.1:0", "127.0.0.1:${port}"]\n` + more,
      new RegExp(`Cannot listen on 127.0.0.1:${port}: the port is taken`),
    ],
    [`${QUIET}admin = { listen = "127.0.0.1:${port}" }\n` + more, new RegExp(`127.0.0.1:${port}`)],
    [QUIET.replace(":0", `:0"\ntls = { cert = "none.pem", key = "none.pem" }\n#`) + more, /none\.pem/],
  ];
  for (const [text, message] of wrong) {
    await rejects(server.reload(text), (error: Error) => {
      match(error.message, message);
      return true;
    });
    equal((await seen(`${server.url}/more`)).status, 404, text);
  }
  equal(server.gateway.admin, undefined);
  await finish(await begin(server.url));
  await finish(open);
  await server.reload(good + more);
  equal((await seen(`${server.url}/more`)).body, "more");
});

Deno.test("an address that is gone takes no connections, and closes when its last request is over", async () => {
  const two = QUIET.replace('"127.0.0.1:0"', '["127.0.0.1:0", "127.0.0.2:0"]');
  const stream = route("/stream", 'run = "stream.sh"');
  await using server = await startGateway(two + stream, { files: { "stream.sh": STREAM } });
  const [first, second] = server.gateway.urls;
  const open = await begin(second);
  await server.reload(QUIET + stream);
  deepEqual(server.gateway.urls, [first]);
  await until("it takes no connections", () => RawClient.connect(second).then(dispose, () => true));
  await finish(open);
  await server.reload(two + stream);
  await finish(await begin(server.gateway.urls[1]));
});

function dispose(client: RawClient): boolean {
  client[Symbol.dispose]();
  return false;
}

Deno.test("an unchanged route remembers how often it was asked, and a changed one begins anew", async () => {
  const limited = (body: string) => route("/", `rateLimit = "2/1h"\nrespond = "${body}"`);
  await using server = await startGateway(QUIET + limited("a"));
  const ask = async () => (await seen(server.url)).status;
  deepEqual([await ask(), await ask(), await ask()], [200, 200, 429]);
  await server.reload(QUIET + limited("a") + route("/more", 'respond = "more"'));
  equal(await ask(), 429);
  await server.reload(QUIET + limited("b"));
  equal(await ask(), 200);
});

Deno.test("a reply that is waited for finds its client after a reload, whether its route has changed or not", async () => {
  const reply = (name: string) => `reply = { socket = "${name}.sock" }\n`;
  const waiting = (mode: string) => `run = "wait.sh ${mode}"\nreply = true\ntimeout = 0`;
  const text = (mode: string, more = reply("reply")) => QUIET + more + route("/job", waiting(mode));
  await using server = await startGateway(text("first"), {
    files: { "wait.sh": 'echo "$REQUEST_ID" >&2; exec sleep 1000\n' },
  });
  const socket = (name: string) => server.folder.file(`${name}.sock`);
  const first = await job(server, 0);
  await server.reload(text("first") + route("/more", 'respond = "more"'));
  const second = await job(server, 1);
  await server.reload(text("second", 'reply = { socket = "reply.sock", secret = true }\n'));
  await server.said("Whether ids of replies hold a secret changes at the next start");
  const third = await job(server, 2);
  await server.reload(text("second", reply("other")));
  const fourth = await job(server, 3);
  for (
    const [{ id, answer }, name] of [[first, "reply"], [second, "reply"], [third, "reply"], [fourth, "other"]] as const
  ) {
    equal(await sendReply(socket(name), `/urhttp/${id}`, id), 204);
    deepEqual(await answer, { status: 200, body: id });
  }
  await until("the old socket is gone", () => !server.folder.names().includes("reply.sock"));
  equal((await seen(`${server.url}/more`)).status, 404);
});

/** Asks for a job that waits for its reply, the one after `before` others. */
async function job(server: TestGateway, before: number): Promise<{ id: string; answer: ReturnType<typeof seen> }> {
  const ids = () => server.lines.filter(({ message }) => /^[\da-f-]{36}$/.test(message));
  const answer = seen(`${server.url}/job`);
  answer.catch(() => {/* a test that cares awaits it */});
  await until("the job says its id", () => ids().length > before);
  return { id: ids()[before].message, answer };
}

Deno.test("who follows a stream and who speaks over a WebSocket goes on, whether the route has changed or not", async () => {
  await using upstream = webSocketEcho();
  const text = (more: string) => {
    const streams = route("/streams/*rest", `loom = { dir = "data", sync = "none" }\n${more}`);
    return QUIET + streams + route("/socket", `upstream = "${upstream.url}"\n${more}`);
  };
  await using server = await startGateway(text(""));
  const stream = `${server.url}/streams/v1/stream/s`;
  const headers = { "content-type": "text/plain" };
  equal((await seen(stream, { method: "PUT", headers })).status, 201);
  const live = await fetch(`${stream}?offset=-1&live=sse`);
  const reader = live.body!.pipeThrough(new TextDecoderStream()).getReader();
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/socket`);
  await within("it is open", new Promise((resolve) => socket.onopen = resolve));
  let events = "";
  for (const [word, more] of [["one", ""], ["two", 'headers = { X-A = "1" }'], ["three", "maxBody = 100"]]) {
    await server.reload(text(more));
    equal((await seen(stream, { method: "POST", headers, body: word })).status, 204);
    while (!events.includes(word)) events += (await within(word, reader.read())).value;
    const echo = new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data));
    socket.send(word);
    equal(await within("an echo", echo), word);
  }
  await reader.cancel();
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await within("it closes", closed);
});

/** A server that sends back what it is sent. */
function webSocketEcho(): { readonly url: string } & AsyncDisposable {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("the end of a gateway is the end of its programs, sockets and streams, also of those on their way out", async () => {
  const files = { "stay.sh": 'exec 9>"$PWD/line"; echo begun; sleep 1000 & wait\n' };
  const two = QUIET.replace('"127.0.0.1:0"', '["127.0.0.1:0", "127.0.0.2:0"]');
  const more = `grace = 50\nadmin = { listen = "unix:admin.sock" }\nreply = { socket = "reply.sock" }\n`;
  const job = route("/job", 'run = "stay.sh"\nreply = true');
  const server = await startGateway(two + more + route("/stream", 'run = "stay.sh"\ntimeout = 0') + job, { files });
  await using lifeline = await makeLifeline({ file: () => server.folder.file("line") });
  using client = await begin(server.gateway.urls[1]);
  const cut = rejects(seen(`${server.url}/job`));
  await server.reload(QUIET + more + job + route("/stream", 'run = "stay.sh"\ntimeout = "1h"'));
  using other = await begin(server.url);
  await server.gateway.close();
  await lifeline.gone();
  await Promise.all([client.rest(), other.rest(), cut]);
  deepEqual(server.folder.names().filter((name) => name.endsWith(".sock")), []);
  await rejects(server.gateway.reload({} as never), /is stopping/);
  await server[Symbol.asyncDispose]();
});
