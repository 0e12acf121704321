/** What a file of routes asks of requests, each policy once, over HTTP. */

import { deepEqual, equal, match } from "node:assert/strict";
import { detail, seen } from "../support/ask.ts";
import { QUIET, startGateway, type TestGateway } from "../support/gateway.ts";
import { listen } from "../support/in_process.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { RawClient } from "../support/raw_client.ts";

Deno.test("a client that asks too often is answered 429, and told what it has left", async () => {
  const text = `${QUIET}
[[routes]]
path = "/"
rateLimit = { requests = 2, window = "1h", by = { header = "X-Key" } }
respond = "fine"
`;
  await using server = await startGateway(text);
  const ask = async (key: string) => {
    const response = await fetch(server.url, { headers: { "x-key": key } });
    await response.body?.cancel();
    const [limit, policy] = ["ratelimit", "ratelimit-policy"].map((name) => response.headers.get(name));
    equal(policy, '"default";q=2;w=3600');
    match(limit!, /^"default";r=\d;t=\d+$/);
    return [response.status, /r=(\d)/.exec(limit!)![1], response.headers.has("retry-after")];
  };
  deepEqual(await ask("a"), [200, "1", false]);
  deepEqual(await ask("a"), [200, "0", false]);
  deepEqual(await ask("a"), [429, "0", true]);
  deepEqual(await ask("b"), [200, "1", false]);
});

Deno.test("who may ask is told by a password or a token, which no program gets to see", async () => {
  const text = `${QUIET}
[[routes]]
path = "/basic"
auth = { basic = ["ada:pass:word", { name = "bob", password = { file = "secret" } }], realm = "shop" }
run = { command = "echo", args = ["let in"], warm = false }
[[routes]]
path = "/bearer"
auth = { bearer = ["t0ken"] }
respond = "let in"
[[routes]]
path = "/user"
auth = { basic = ["ada:pass:word"] }
run = "user.sh"
`;
  await using server = await startGateway(text, {
    files: { secret: "hidden\n", "user.sh": "echo ${HTTP_AUTHORIZATION-none}\n" },
  });
  const asked = async (path: string, authorization?: string) => {
    const response = await fetch(server.url + path, { headers: authorization ? { authorization } : {} });
    return [response.status, response.headers.get("www-authenticate"), (await response.text()).trim()];
  };
  const basic = (text: string) => `Basic ${btoa(text)}`;
  deepEqual(await asked("/basic", basic("ada:pass:word")), [200, null, "let in"]);
  deepEqual(await asked("/basic", basic("bob:hidden")), [200, null, "let in"]);
  deepEqual((await asked("/basic", basic("bob:wrong"))).slice(0, 2), [401, 'Basic realm="shop", charset="UTF-8"']);
  equal((await asked("/basic"))[0], 401);
  deepEqual(await asked("/bearer", "Bearer t0ken"), [200, null, "let in"]);
  equal((await asked("/bearer", "Bearer other"))[0], 401);
  deepEqual(await asked("/user", basic("ada:pass:word")), [200, null, "none"]);
});

Deno.test("a page of another origin asks first, and reads what it may, failures too", async () => {
  const text = `${QUIET}
defaults = { cors = { origins = "https://app.example", headers = ["x-key"], expose = ["x-total"], credentials = true, maxAge = "5m" } }
[[routes]]
path = "GET /items"
headers = { X-Total = "3" }
respond = "items"
[[routes]]
path = "POST /items"
run = { command = "false", warm = false }
`;
  await using server = await startGateway(text);
  const url = `${server.url}/items`;
  const asking = { origin: "https://app.example", "access-control-request-method": "POST" };
  const preflight = await fetch(url, { method: "OPTIONS", headers: asking });
  const cors = ({ headers }: Response) => {
    return Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-")));
  };
  const origin = {
    "access-control-allow-origin": "https://app.example",
    "access-control-allow-credentials": "true",
  };
  deepEqual([preflight.status, cors(preflight)], [204, {
    ...origin,
    "access-control-allow-headers": "x-key",
    "access-control-allow-methods": cors(preflight)["access-control-allow-methods"],
    "access-control-max-age": "300",
  }]);
  match(cors(preflight)["access-control-allow-methods"], /GET.*POST/);
  const items = await fetch(url, { headers: { origin: "https://app.example" } });
  equal(await items.text(), "items");
  deepEqual(cors(items), { ...origin, "access-control-expose-headers": "x-total" });
  const failed = await fetch(url, { method: "POST", headers: { origin: "https://app.example" } });
  deepEqual([failed.status, cors(failed)["access-control-allow-origin"]], [502, "https://app.example"]);
  await failed.body?.cancel();
  const stranger = await fetch(url, { headers: { origin: "https://evil.example" } });
  await stranger.body?.cancel();
  equal(stranger.headers.get("access-control-allow-origin"), null);
});

Deno.test("bodies and heads that are too large are refused, whatever the target", async () => {
  const text = `${QUIET}
connections = { maxHeader = "8k" }
[[routes]]
path = "POST /program"
maxBody = 4
run = { command = "cat", warm = false }
[[routes]]
path = "POST /pipe"
maxBody = 4
minBody = 2
run = ["cat", { command = "cat", warm = false }]
[[routes]]
path = "GET /head"
maxHeader = 200
respond = "fine"
`;
  await using server = await startGateway(text);
  for (const path of ["program", "pipe"]) {
    const url = `${server.url}/${path}`;
    deepEqual(await seen(url, { method: "POST", body: "1234" }), { status: 200, body: "1234" });
    equal((await detail(url, { method: "POST", body: "12345" }))[0], 413, path);
    equal(await chunked(server, path, ["12", "345"]), 413, path);
  }
  equal((await detail(`${server.url}/pipe`, { method: "POST", body: "1" }))[0], 400);
  equal((await seen(`${server.url}/head`)).status, 200);
  equal((await detail(`${server.url}/head`, { headers: { "x-long": "x".repeat(200) } }))[0], 431);
  equal((await seen(`${server.url}/head`, { headers: { "x-long": "x".repeat(9000) } })).status, 431);
});

/** Status of a request whose length is not announced. */
async function chunked({ url }: TestGateway, path: string, chunks: readonly string[]): Promise<number> {
  using client = await RawClient.connect(url);
  await client.send(`POST /${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
  for (const chunk of [...chunks, ""]) await client.send(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  return (await client.head()).status;
}

Deno.test("what takes too long is answered 504, whatever the target, and its processes end", async () => {
  await using upstream = await listen(() => new Promise(() => {}));
  const text = `${QUIET}
defaults = { timeout = 300, warm = false }
[[routes]]
path = "/program"
run = "stay.sh"
[[routes]]
path = "/pipe"
run = ["stay.sh", "cat", "stay.sh"]
[[routes]]
path = "/chain"
chain = ["stay.sh", "stay.sh"]
[[routes]]
path = "/idle"
timeout = 0
idleTimeout = 200
run = "stay.sh"
[[routes]]
path = "/upstream"
upstream = "${upstream.url}"
`;
  const files = { "stay.sh": 'exec 9>"$PWD/line"; exec sleep 1000\n' };
  await using server = await startGateway(text, { files });
  await using lifeline = await makeLifeline({ file: () => server.folder.file("line") });
  for (const path of ["program", "pipe", "chain", "idle", "upstream"]) {
    equal((await detail(`${server.url}/${path}`))[0], 504, path);
  }
  await lifeline.gone();
});

Deno.test("requests beyond those that may be under way wait, and beyond those that may wait are answered 503", async () => {
  const places = [Promise.withResolvers<Response>(), Promise.withResolvers<Response>()];
  let asked = 0;
  await using upstream = await listen(() => places[asked++].promise);
  const text = `${QUIET}
[[routes]]
path = "/upstream"
maxConcurrency = 1
queue = 1
upstream = "${upstream.url}"
[[routes]]
path = "/program"
maxConcurrency = 1
queue = 0
run = "wait.sh"
`;
  await using server = await startGateway(text, { files: { "wait.sh": "echo begun; read -r line; echo $line\n" } });
  const answers = [1, 2, 3].map(() => seen(`${server.url}/upstream`));
  equal((await Promise.race(answers)).status, 503); // the others wait
  for (const { resolve } of places) resolve(new Response("done"));
  deepEqual((await Promise.all(answers)).map(({ status }) => status).toSorted(), [200, 200, 503]);
  equal(asked, 2);

  using client = await RawClient.connect(server.url);
  await client.send("POST /program HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  await client.head();
  equal(await client.chunk(), "begun\n");
  const refused = await fetch(`${server.url}/program`);
  deepEqual([refused.status, refused.headers.has("retry-after")], [503, true]);
  await refused.body?.cancel();
  await client.send("done\n");
  equal(await client.chunk(), "done\n");
});

Deno.test("answers are compressed, kept and named as the file says, and a stream is not held back for it", async () => {
  const text = `${QUIET}
[[routes]]
path = "/large"
compress = true
cacheControl = "max-age=60"
headers = { X-Shop = "1" }
run = { command = ["seq", "10000"], warm = false }
[[routes]]
path = "/stream"
compress = true
run = "stream.sh"
`;
  const files = { "stream.sh": "echo begun; read -r line; echo $line\n" };
  await using server = await startGateway(text, { files });
  const expected = Array.from({ length: 10_000 }, (_, i) => `${i + 1}\n`).join("");
  const large = await fetch(`${server.url}/large`, { headers: { "accept-encoding": "gzip" } });
  equal(await large.text(), expected);
  const fields = ["cache-control", "x-shop", "vary"].map((name) => large.headers.get(name));
  deepEqual(fields, ["max-age=60", "1", "Accept-Encoding"]);

  using client = await RawClient.connect(server.url);
  await client.send("GET /large HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n");
  equal((await client.head()).headers["content-encoding"], "gzip");

  const input = new TransformStream<Uint8Array, Uint8Array>();
  const writer = input.writable.getWriter();
  const streamed = await fetch(`${server.url}/stream`, { method: "POST", body: input.readable });
  const reader = streamed.body!.pipeThrough(new TextDecoderStream()).getReader();
  equal((await reader.read()).value, "begun\n");
  await writer.write(new TextEncoder().encode("done\n"));
  equal((await reader.read()).value, "done\n");
  await writer.close();
  equal((await reader.read()).done, true);
  match(streamed.headers.get("vary") ?? "", /Accept-Encoding/);
});
