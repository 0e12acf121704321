/** What the operator asks a gateway, what it counts, and what it writes of each request. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { get } from "node:http";
import { seen } from "../support/ask.ts";
import { QUIET, startGateway, type TestGateway } from "../support/gateway.ts";
import { RawClient } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const STREAM = "echo begun; read -r line; echo $line\n";

/** Asks over a socket of the file system. */
function askSocket(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    const request = get({ socketPath, path, agent: false }, async (response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode!, body });
    });
    request.on("error", reject);
  });
  return within("an answer of the socket", answer);
}

/** Values of the counters, by name and labels as they stand there. */
async function metrics({ admin }: TestGateway): Promise<Record<string, number>> {
  const { body } = await seen(`${admin}/metrics`);
  const lines = (body as string).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

Deno.test("the operator asks on loopback whether it lives and is ready, and pages of others may not", async () => {
  const text = `${QUIET}admin = { listen = "127.0.0.1:0" }\ngrace = "1h"\n[[routes]]\npath = "/"\nrun = "stream.sh"\n`;
  await using server = await startGateway(text, { files: { "stream.sh": STREAM } });
  deepEqual(await seen(`${server.admin}/health`), { status: 200, body: '{"status":"ok"}\n' });
  deepEqual(await seen(`${server.admin}/ready`), { status: 200, body: '{"status":"ready"}\n' });
  equal((await seen(`${server.admin}/other`)).status, 404);
  equal((await seen(`${server.admin}/ready`, { method: "POST" })).status, 405);
  for (const field of ["Host: evil.example", `Host: x\r\nOrigin: http://evil.example`]) {
    using client = await RawClient.connect(server.admin);
    await client.send(`GET /metrics HTTP/1.1\r\n${field}\r\n\r\n`);
    equal((await client.head()).status, 403, field);
  }
  equal((await seen(`${server.url}/metrics`)).status, 404);

  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  await client.head();
  const closed = server.gateway.close();
  await until("it is not ready", async () => (await seen(`${server.admin}/ready`)).status === 503);
  equal((await seen(`${server.admin}/health`)).status, 200);
  await client.send("done\n");
  await within("it closes", closed);
  await client.rest();
});

Deno.test("on a socket of the file system the operator alone asks, and it is gone with the gateway", async () => {
  const text = `${QUIET}admin = { listen = "unix:admin.sock" }\n[[routes]]\npath = "/"\nrespond = "x"\n`;
  await using server = await startGateway(text);
  const path = server.folder.file("admin.sock");
  equal(server.admin, path);
  equal(Deno.statSync(path).mode! & 0o777, 0o600);
  deepEqual(await askSocket(path, "/ready"), { status: 200, body: '{"status":"ready"}\n' });
  match((await askSocket(path, "/metrics")).body, /^# HELP sluice_requests_total/m);
  await server.reload(text.replace("admin.sock", "other.sock"));
  equal((await askSocket(server.folder.file("other.sock"), "/health")).status, 200);
  await until("the socket before is gone", () => !server.folder.names().includes("admin.sock"));
  await server.gateway.close();
  equal(server.folder.names().includes("other.sock"), false);
});

Deno.test("requests, processes, bytes and reloads are counted by route", async () => {
  const text = `${QUIET}admin = { listen = "127.0.0.1:0" }
defaults = { warm = false }
[[routes]]
path = "GET /hello/:name"
respond = "hello"
[[routes]]
path = "/run"
run = "run.sh"
[[routes]]
path = "/stay"
timeout = 200
command = "sleep 1000"
[[routes]]
path = "/stream"
run = "stream.sh"
`;
  const files = { "run.sh": "read -r code; exit $code\n", "stream.sh": STREAM };
  await using server = await startGateway(text, { files });
  for (const name of ["a", "b", "c"]) equal((await seen(`${server.url}/hello/${name}`)).body, "hello");
  equal((await seen(`${server.url}/none`)).status, 404);
  for (const code of [0, 0, 3]) await seen(`${server.url}/run`, { method: "POST", body: `${code}\n` });
  equal((await seen(`${server.url}/stay`)).status, 504);
  using client = await RawClient.connect(server.url);
  await client.send("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  await client.head();
  await server.reload(text);
  await server.reload("nonsense").catch(() => {/* it is counted */});
  const killed = 'sluice_processes_killed_total{route="* /stay"}';
  await until("all is counted", async () => (await metrics(server))[killed] === 1);
  const counted = await metrics(server);
  const expected = {
    'sluice_requests_total{route="GET /hello/:name",method="GET",status="200"}': 3,
    'sluice_response_bytes_total{route="GET /hello/:name"}': 15,
    'sluice_request_seconds_count{route="GET /hello/:name"}': 3,
    'sluice_requests_total{route="none",method="GET",status="404"}': 1,
    'sluice_requests_total{route="* /run",method="POST",status="200"}': 2,
    'sluice_requests_total{route="* /run",method="POST",status="502"}': 1,
    'sluice_processes_spawned_total{route="* /run"}': 3,
    'sluice_processes_failed_total{route="* /run"}': 1,
    'sluice_requests_total{route="* /stay",method="GET",status="504"}': 1,
    'sluice_requests_in_flight{route="* /stream"}': 1,
    'sluice_requests_in_flight{route="* /run"}': 0,
    'sluice_reloads_total{result="done"}': 1,
    'sluice_reloads_total{result="refused"}': 1,
  };
  deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, counted[name]])), expected);
  await client.send("done\n");
  equal(await client.chunk(), "begun\n");
  equal(await client.chunk(), "done\n");
  equal(await client.chunk(), "");
  await until("it is over", async () => (await metrics(server))['sluice_requests_in_flight{route="* /stream"}'] === 0);
  await server.reload(text.replaceAll("/stream", "/other"));
  ok(!('sluice_requests_in_flight{route="* /stream"}' in await metrics(server)));
});

Deno.test("a request's processes are known while they run and for a while after", async () => {
  const text = `${QUIET}admin = { listen = "127.0.0.1:0" }
[[routes]]
path = "/pipe"
run = ["stream.sh", "loud.sh"]
`;
  const files = { "stream.sh": STREAM, "loud.sh": "echo loud >&2; exec cat\n" };
  await using server = await startGateway(text, { files });
  using client = await RawClient.connect(server.url);
  await client.send("POST /pipe HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  const id = (await client.head()).headers["x-request-id"];
  const known = async () => JSON.parse((await seen(`${server.admin}/_sluice/processes/${id}`)).body as string);
  const running = await known();
  deepEqual(running.map(({ endedAt, requestId }: Record<string, unknown>) => [endedAt, requestId]), [
    [undefined, id],
    [undefined, id],
  ]);
  match(running[0].title, /stream\.sh/);
  await client.send("done\n");
  while (await client.chunk() !== "");
  await until("both have ended", async () => (await known()).every((each: { endedAt?: number }) => each.endedAt));
  const [first, second] = await known();
  deepEqual([first.exit, first.pid, first.stderrBytes], [{ code: 0, signal: null }, running[0].pid, 0]);
  deepEqual([second.exit, second.stderrTail, second.stderrBytes], [{ code: 0, signal: null }, "loud\n", 5]);
  ok(second.usage.maxRssBytes > 0 && second.durationMs > 0 && first.stdoutBytes >= "begun\ndone\n".length);
  equal((await seen(`${server.admin}/_sluice/processes/none`)).status, 404);
});

Deno.test("the access log has a line for each request, as tools know it or as JSON", async () => {
  const text = `listen = "127.0.0.1:0"
accessLog = "combined"
[[routes]]
path = "/"
auth = { basic = ["ada:secret"] }
respond = "hello"
`;
  await using server = await startGateway(text);
  const headers = { authorization: `Basic ${btoa("ada:secret")}`, referer: 'http://a/"b', "user-agent": "a\\b" };
  await seen(`${server.url}/?access_token=hidden&b=c`, { headers });
  await seen(`${server.url}/none`, { headers: { "user-agent": "x" } });
  const time = String.raw`\[\d\d\/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\/20\d\d:\d\d:\d\d:\d\d \+0000\]`;
  await until("both are there", () => server.accesses.length === 2);
  const [first, second] = server.accesses;
  // The token is left out: a log is read by more people than may ask.
  match(
    first,
    new RegExp(
      String.raw`^127\.0\.0\.1 - ada ${time} "GET \/\?b=c HTTP\/1\.1" 200 5 "http:\/\/a\/\\x22b" "a\\x5cb"` + "\n$",
    ),
  );
  match(second, new RegExp(String.raw`^127\.0\.0\.1 - - ${time} "GET \/none HTTP\/1\.1" 404 \d+ "-" "x"` + "\n$"));

  await server.reload(text.replace("combined", "json"));
  await seen(server.url, { headers: { ...headers, "x-request-id": "my-own-id-of-it" } });
  await until("it is there", () => server.accesses.length === 3);
  const { time: at, ms, ...rest } = JSON.parse(server.accesses[2]);
  deepEqual(rest, {
    ...{ method: "GET", url: "/", status: 200, bytes: 5 },
    ...{ client: "127.0.0.1", user: "ada", route: "* /" },
  });
  ok(Math.abs(Date.parse(at) - Date.now()) < 60_000 && ms >= 0 && server.accesses[2].endsWith("}\n"));

  await server.reload(text.replace("combined", "human"));
  await seen(server.url, { headers });
  const { level, fields } = await server.said("GET /");
  deepEqual([level, fields.status, fields.user, fields.cut], ["info", 200, "ada", undefined]);
  equal(server.accesses.length, 3);
});

Deno.test("a program is told of the trace that its request belongs to", async () => {
  const text = `${QUIET}[[routes]]\npath = "/"\nrun = "trace.sh"\n`;
  await using server = await startGateway(text, { files: { "trace.sh": 'echo "$TRACEPARENT $TRACESTATE"\n' } });
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01`, tracestate: "a=b" };
  match((await seen(server.url, { headers })).body, new RegExp(`^00-${trace}-[\\da-f]{16}-01 a=b\n$`));
  match((await seen(server.url)).body, /^00-[\da-f]{32}-[\da-f]{16}-\d\d \n$/);
});
