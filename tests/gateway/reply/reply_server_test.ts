/** Replies at the socket: streamed, refused, broken off, and sent by those who should not. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { beginReply, listenCallback, sendReply, waiting } from "../../support/callback.ts";
import { within } from "../../support/within.ts";

const text = new TextDecoder();

Deno.test("a reply streams: its client has the beginning before its end is sent", async () => {
  await using server = await listenCallback(waiting);
  const { answer, token } = await server.ask();
  const { request, answer: told } = beginReply(server.socket, `/urhttp/${token}?status=202`);
  request.write("one");
  const response = await within("the head comes before the end", answer);
  const reader = response.body!.getReader();
  deepEqual([response.status, text.decode((await reader.read()).value)], [202, "one"]);
  request.end("two");
  equal(text.decode((await reader.read()).value), "two");
  equal((await reader.read()).done, true);
  equal((await told).status, 204);
});

Deno.test("a process that exits while its reply streams does not end the stream, whatever its end says", async () => {
  for (const onExit of ["wait", "success", "report", "error"] as const) {
    await using server = await listenCallback('echo "$REQUEST_ID" >&2; read line; exit 3', {
      channel: "stdin",
      onExit,
    });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const { answer, token } = await server.ask({ method: "POST", body: readable });
    const { request, answer: told } = beginReply(server.socket, `/${token}`);
    request.write("one");
    const reader = (await answer).body!.getReader();
    equal(text.decode((await reader.read()).value), "one");
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode("end\n")).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    request.end("two");
    equal(text.decode((await reader.read()).value), "two");
    equal((await reader.read()).done, true);
    equal((await told).status, 204);
    await writer.close().catch(() => {});
    equal((await server.gone(1))[0].code, 3);
  }
});

Deno.test("an id that nobody has is 404, one that was answered 409, and no second reply reaches the client", async () => {
  await using server = await listenCallback(waiting);
  const { answer, token } = await server.ask();
  const wrong = ["/urhttp/something", `/urhttp/${crypto.randomUUID()}`, "/", "/urhttp/", `/x/${token}`, `/${token}/`];
  for (const path of [...wrong, `/${token}x`, `/${token}.x`, "/urhttp/%2e%2e", `/${"a".repeat(5000)}`]) {
    equal(await sendReply(server.socket, path, "wrong"), 404, path);
  }
  equal(await sendReply(server.socket, `/${token}`, "right"), 204);
  equal(await sendReply(server.socket, `/${token}`, "second"), 409);
  equal(await (await answer).text(), "right");
});

Deno.test("of many replies at the same moment exactly one wins", async () => {
  await using server = await listenCallback(waiting);
  const { answer, token } = await server.ask();
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, i) => sendReply(server.socket, `/${token}`, `reply ${i}`)),
  );
  const winner = replies.indexOf(204);
  deepEqual(replies.filter((status) => status !== 409), [204]);
  equal(await (await answer).text(), `reply ${winner}`);
});

Deno.test("a status that can't be is 400, fields that are too long 431, and the reply may be sent again", async () => {
  await using server = await listenCallback(waiting);
  const { answer, token } = await server.ask();
  for (const status of ["100", "199", "600", "abc", "", "2e2", "200&status=201", "-200", "٢٠٠"]) {
    equal(await sendReply(server.socket, `/${token}?status=${encodeURI(status)}`, "x"), 400, status);
  }
  equal(await sendReply(server.socket, `/${token}?status=200`, "x", { headers: { "x-reply-status": "201" } }), 400);
  equal(await sendReply(server.socket, `/${token}`, "x", { headers: { "x-huge": "x".repeat(65_536) } }), 431);
  equal(await sendReply(server.socket, `/${token}?status=299&status=299`, "at last"), 204);
  deepEqual([(await answer).status, await (await answer).text()], [299, "at last"]);
});

Deno.test("who breaks off breaks the client's answer too", async () => {
  for (const headers of [{}, { "content-length": "100" }] as Record<string, string>[]) {
    await using server = await listenCallback(waiting);
    const { answer, token } = await server.ask();
    const { request } = beginReply(server.socket, `/${token}`, { headers });
    request.write("begun");
    const reader = (await answer).body!.getReader();
    equal(text.decode((await reader.read()).value), "begun");
    request.destroy();
    await within("the answer breaks", rejects(reader.read()));
    equal((await server.gone(1))[0].error?.message, "The reply broke off");
    equal(server.accesses[0].complete, false);
  }
});

Deno.test("a client that takes nothing holds back whoever replies, and loses nothing", async () => {
  await using server = await listenCallback(waiting);
  const { answer, token } = await server.ask();
  const { request, answer: told } = beginReply(server.socket, `/${token}`);
  const piece = new Uint8Array(64 * 1024).fill(120);
  let sent = 0;
  const pump = async () => {
    for (; sent < 1000; sent++) {
      if (!request.write(piece)) await new Promise((resolve) => request.once("drain", resolve));
    }
    request.end();
  };
  const pumped = pump();
  const response = await answer;
  let before = -1;
  while (sent !== before) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  equal(sent < 500, true, `${sent} pieces were taken of a client that takes none`);
  let bytes = 0;
  for await (const chunk of response.body!) bytes += chunk.byteLength;
  await pumped;
  deepEqual([bytes, (await told).status], [1000 * piece.byteLength, 204]);
});

Deno.test("who replies is told when the client leaves, whether it sends on or not", async () => {
  await using server = await listenCallback(waiting);
  for (const goesOn of [false, true]) {
    const client = new AbortController();
    const { answer, token } = await server.ask({ signal: client.signal });
    const { request, answer: told } = beginReply(server.socket, `/${token}`);
    request.write("begun");
    const sending = goesOn ? setInterval(() => request.write("x".repeat(1000)), 10) : undefined;
    const reader = (await answer).body!.getReader();
    await reader.read();
    client.abort();
    equal((await within("the replier is told", told)).status, 410);
    clearInterval(sending);
    request.destroy();
  }
  await server.gone(2);
});

Deno.test("a reply without end that is for nobody is answered, and not read without end", async () => {
  await using server = await listenCallback(waiting);
  using connection = await Deno.connect({ transport: "unix", path: server.socket });
  const size = 1024 * 1024 * 1024;
  const head = `POST /nobody HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const answer = new Uint8Array(1024);
  const read = await within("it is answered", connection.read(answer));
  equal(text.decode(answer.subarray(0, read!)).split("\r\n")[0], "HTTP/1.1 404 Not Found");
  let sent = 0;
  const pump = async () => {
    const piece = new Uint8Array(64 * 1024);
    while (sent < size) sent += await connection.write(piece);
  };
  await rejects(within("it is cut off", pump()), Deno.errors.BrokenPipe);
  equal(sent < 64 * 1024 * 1024, true, `${sent} bytes were taken`);
});

Deno.test("curl that uploads much for a client that has left reads the answer, and ends", async () => {
  await using server = await listenCallback(
    `echo "$REQUEST_ID" >&2; exec sleep 1000`,
  );
  const client = new AbortController();
  const { answer, token } = await server.ask({ signal: client.signal });
  client.abort();
  await rejects(answer);
  await server.gone(1);
  const curl = new Deno.Command("sh", {
    args: [
      "-c",
      'head -c 100000000 /dev/zero | curl -sS -T - -w "%{http_code}" -o /dev/null --unix-socket "$1" "$2"',
      "sh",
    ]
      .concat(server.socket, `http://x/${token}`),
  });
  equal(text.decode((await within("curl ends", curl.output())).stdout), "410");
});

Deno.test("a reply that does not go on is broken off when the time is up", async () => {
  for (const options of [{ timeoutMs: 500 }, { timeoutMs: 0, idleTimeoutMs: 500 }]) {
    await using server = await listenCallback(waiting, { options });
    const { answer, token } = await server.ask();
    const { request, answer: told } = beginReply(server.socket, `/${token}`);
    request.write("begun");
    const reader = (await answer).body!.getReader();
    await reader.read();
    await within("the answer breaks", rejects(reader.read()));
    equal((await told).status, 410);
    request.destroy();
    await server.gone(1);
  }
});

Deno.test("with a secret in the id, the id alone and a wrong secret are nobody's", async () => {
  await using server = await listenCallback(waiting, { secret: true });
  const { answer, token } = await server.ask();
  const [id, secret] = token.split(".");
  deepEqual([id.length, secret.length], [36, 22]);
  const other = secret.startsWith("A") ? "B" : "A";
  for (const guess of [id, `${id}.`, `${id}.${other}${secret.slice(1)}`, `${id}.${secret}x`]) {
    equal(await sendReply(server.socket, `/urhttp/${guess}`, "guess"), 404, guess);
  }
  equal(await sendReply(server.socket, `/urhttp/${token}`, "right"), 204);
  equal(await sendReply(server.socket, `/urhttp/${id}`, "guess"), 404);
  equal(await sendReply(server.socket, `/urhttp/${token}`, "again"), 409);
  equal(await (await answer).text(), "right");
});

Deno.test("what clients of HTTP add to a reply by themselves never reaches the client of the route", async () => {
  await using server = await listenCallback(waiting);
  const { answer, token } = await server.ask();
  const sent = {
    ...{
      cookie: "a=1",
      accept: "*/*",
      expect: "100-continue",
      te: "trailers",
      connection: "x-hop, close",
      "x-hop": "1",
    },
    ...{ "accept-encoding": "gzip", "x-forwarded-for": "1.2.3.4", traceparent: "00", "x-request-id": "theirs" },
    ...{ origin: "http://x", "if-none-match": "1", "sec-fetch-mode": "cors", "transfer-encoding": "chunked" },
    ...{ etag: '"1"', "x-kept": "yes", "content-language": "de", vary: "accept" },
  };
  equal(await sendReply(server.socket, `/${token}`, "body", { headers: sent }), 204);
  const { headers, body } = await answer;
  await body?.cancel();
  const own = ["date", "x-request-id", "transfer-encoding", "content-type", "connection", "keep-alive"];
  const kept = Object.fromEntries([...headers].filter(([name]) => !own.includes(name)));
  deepEqual(kept, { etag: '"1"', "x-kept": "yes", "content-language": "de", vary: "accept" });
  equal(headers.get("x-request-id") === "theirs", false);
});

Deno.test({
  name: "a process of another user can't reply",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using server = await listenCallback(waiting);
    await Deno.chmod(server.folder.path, 0o755); // as in a shared directory: the socket's own mode protects it
    const { answer, token } = await server.ask();
    const args = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    args.push("curl", "-sS", "-d", "forged", "--unix-socket", server.socket, `http://x/urhttp/${token}`);
    const { success, stderr } = await new Deno.Command("setpriv", { args }).output();
    deepEqual([success, /connect/i.test(text.decode(stderr))], [false, true]);
    equal(await sendReply(server.socket, `/urhttp/${token}`, "real"), 204);
    equal(await (await answer).text(), "real");
  },
});

Deno.test("the walk through the README of urocket goes as it is written", async () => {
  await using server = await listenCallback(waiting, { channel: "cmdline" });
  const curl = async (...args: string[]) => {
    const json = ["-sS", "-X", "POST", "-H", "Content-type: application/json", ...args];
    return text.decode((await new Deno.Command("curl", { args: json }).output()).stdout);
  };
  let isBlocked = true;
  const front = curl(`${server.url}/get/pets`, "-d", '{"payload":"low"}', "-w", " %{content_type}").then((answer) => {
    isBlocked = false;
    return answer;
  });
  while (server.log.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const reply = (id: string) =>
    curl("--unix-socket", server.socket, `http://internal/urhttp/${id}`, "-d", '{"hello":true}', "-w", "%{http_code}");
  equal((await reply("something")).slice(-3), "404");
  equal(isBlocked, true);
  equal(await reply(server.log[0]), "204");
  equal(await within("the first shell is unblocked", front), '{"hello":true} application/json');
});
