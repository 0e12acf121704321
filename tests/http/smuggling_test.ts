/**
 * Requests that two parsers could take apart at different places: whatever stands behind one is never taken for a request
 * of its own, or the request ends where RFC 9112 says that it does.
 */

import { deepEqual, equal } from "node:assert/strict";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";

const EVIL = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n";

/** What the handler saw of some bytes, and the statuses that came back before the server closed the connection. */
async function send(
  bytes: string,
  requestBodyIdleMs?: number,
): Promise<{ readonly seen: string[]; readonly statuses: number[] }> {
  const seen: string[] = [];
  await using server = await listen(async (request) => {
    seen.push(`${request.method} ${new URL(request.url).pathname}`);
    await request.bytes();
    return new Response(null);
  }, { requestBodyIdleMs });
  using client = await RawClient.connect(server.url);
  await client.send(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  const rest = await client.rest();
  return { seen, statuses: [...rest.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status)) };
}

function post(fields: string, rest: string): string {
  return `POST / HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n${rest}`;
}

/** Sends one in front of another that must not be seen. */
async function refused(status: number, bytes: string): Promise<void> {
  const { seen, statuses } = await send(bytes + EVIL);
  deepEqual(statuses, [status], JSON.stringify(bytes));
  deepEqual(seen.filter((request) => request === "GET /evil"), [], JSON.stringify(bytes));
}

Deno.test("a body with two lengths, or with one that is no number, is refused", async () => {
  const lengths = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nContent-Length: 5",
    ...["5, 5", "5,6", "+5", "-5", "0x5", "5 0", "5abc", "5.0", "", "\v5", "\0" + "5", "5\0"],
    ...["18446744073709551621", "99999999999999999999999"],
  ];
  for (const length of lengths) {
    await refused(400, post(length.includes(":") ? length : `Content-Length: ${length}`, "0\r\n\r\n"));
  }
});

Deno.test("a transfer coding that is not chunked and nothing else is refused", async () => {
  const refusals: [number, string[]][] = [
    [400, ["chunked, chunked", "chunked\r\nTransfer-Encoding: chunked", "chunked, gzip", "\vchunked", "chunked\v"]],
    [400, ["chunked,", "chunked\0", "\r\n chunked", "chunked\r\nTransfer-Encoding: identity", "chunked\t"]],
    [501, ["xchunked", "identity", "gzip, chunked", ",chunked", "'chunked'", "chunked;q=1", "chunked chunked", ""]],
    [501, ["identity\r\nTransfer-Encoding: chunked"]],
  ];
  for (const [status, codings] of refusals) {
    for (const coding of codings) await refused(status, post(`Transfer-Encoding: ${coding}`, "0\r\n\r\n"));
  }
  await refused(400, post("Transfer-Encoding : chunked", "0\r\n\r\n"));
  await refused(400, post("Transfer-Encoding\t: chunked", "0\r\n\r\n"));
  await refused(501, `GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n`);
});

Deno.test("a head whose lines or fields are malformed is refused", async () => {
  const heads = [
    "POST / HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
    "POST / HTTP/1.1\r\nHost: x\nContent-Length: 0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\n",
    "GET / HTTP/1.1\r\nHost: x\n\n",
    "GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n",
    "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n Content-Length: 31\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\nContent Length: 31\r\n\r\n",
    ...["X: a\0b", "X\0: a", ": a", "a", "X: a\x01b", "X: a\x7f", "X\xe9: a"].map((line) =>
      `GET / HTTP/1.1\r\nHost: x\r\n${line}\r\n\r\n`
    ),
    ...["GET\t/ HTTP/1.1", " GET / HTTP/1.1", "get / HTTP/1.1", "NONE / HTTP/1.1", "GET / HTTP/1.1 "].map((line) =>
      `${line}\r\nHost: x\r\n\r\n`
    ),
  ];
  for (const head of heads) await refused(400, head);
});

Deno.test("a request without a host, or with two, is refused", async () => {
  await refused(400, "GET / HTTP/1.1\r\n\r\n");
  for (const host of ["", "x\r\nHost: y", "x\r\nHost: x", "x, y", "x y"]) {
    await refused(400, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  }
});

Deno.test("chunks that are malformed are refused", async () => {
  const chunks = [
    "10000000000000005\r\nabcde\r\n",
    ...["-5", "+5", "0x5", "", "5 ", " 5", "g", "5;a=\rb", "5;a\nb", "5\n"].map((size) => `${size}\r\nabcde\r\n`),
    ...["5\r\nabcde\n", "5\r\nabcde", "5\r\nabcdeXX"],
  ];
  for (const chunk of chunks) await refused(400, post("Transfer-Encoding: chunked", `${chunk}0\r\n\r\n`));
  for (
    const end of ["0\n\n", "0\r\n\n", "0\r\nX : a\r\n\r\n", "0\r\nX: a\r\n b\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n"]
  ) {
    await refused(400, post("Transfer-Encoding: chunked", `5\r\nabcde\r\n${end}`));
  }
});

Deno.test("a chunk of more bytes than there are takes all that comes", async () => {
  for (const size of ["ffffffffffffffff", "7fffffffffffffff"]) {
    const { seen, statuses } = await send(post("Transfer-Encoding: chunked", `${size}\r\n${EVIL}`), 100);
    deepEqual([seen, statuses], [["POST /"], [408]]);
  }
});

Deno.test("other versions are refused, and a transfer coding in HTTP/1.0", async () => {
  for (const [status, version] of [[400, "1.2"], [505, "2.0"], [400, "1.10"], [400, "01.1"], [400, "1.1x"]] as const) {
    await refused(status, `GET / HTTP/${version}\r\nHost: x\r\n\r\n`);
  }
  await refused(505, "GET /\r\n\r\n");
  for (const field of ["", "Connection: keep-alive\r\n", "Connection: keep-alive\r\nContent-Length: 5\r\n"]) {
    await refused(400, `POST / HTTP/1.0\r\nHost: x\r\n${field}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`);
  }
});

Deno.test("methods and expectations that are not supported end the connection", async () => {
  await refused(501, "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n");
  await refused(501, "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n");
  await refused(501, "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\nContent-Length: 5\r\n\r\n12345");
  await refused(417, post("Expect: 200-ok\r\nContent-Length: 5", "12345"));
});

Deno.test("nothing is looked at behind a request that asks to close its connection, or an answer that does", async () => {
  for (const close of ["close", "keep-alive, close"]) {
    const { seen, statuses } = await send(`GET / HTTP/1.1\r\nHost: x\r\nConnection: ${close}\r\n\r\n${EVIL}`);
    deepEqual([seen, statuses], [["GET /"], [200]]);
  }
  const seen: string[] = [];
  await using server = await listen((request) => {
    seen.push(request.url.slice(-5));
    return new Response(null, { headers: { connection: "close" } });
  });
  using client = await RawClient.connect(server.url);
  await client.send("GET /last HTTP/1.1\r\nHost: x\r\n\r\n" + EVIL);
  equal((await client.head()).status, 200);
  equal(await client.rest(), "");
  deepEqual(seen, ["/last"]);
});

Deno.test("what is well-formed ends where it says, also a body of a method that has none", async () => {
  const cases: [string, string][] = [
    [post("Content-Length: 5 ", "12345"), "POST /"],
    [post("Content-Length:\t005", "12345"), "POST /"],
    [post("Transfer-Encoding: ChUnKeD", "5\r\nabcde\r\n0\r\n\r\n"), "POST /"],
    [post("Transfer-Encoding:\tchunked", '0000005;a=b;c="d"\r\nabcde\r\n0\r\nX: a\r\n\r\n'), "POST /"],
    [post("Transfer_Encoding: chunked", ""), "POST /"],
    [post("Connection: content-length\r\nContent-Length: 5", "12345"), "POST /"],
    [post("Expect: 100-continue\r\nContent-Length: 5", "12345"), "POST /"],
    [`GET / HTTP/1.1\r\nHost: x\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`, "GET /"],
    [`HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: ${EVIL.length}\r\n\r\n${EVIL}`, "HEAD /"],
    [`GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\n${EVIL}\r\n0\r\n\r\n`, "GET /"],
    ["\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /"],
  ];
  for (const [bytes, request] of cases) {
    const { seen, statuses } = await send(`${bytes}GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    deepEqual([seen, statuses.filter((status) => status >= 200)], [[request, "GET /next"], [200, 200]], bytes);
  }
});

Deno.test("what is malformed behind requests is answered when they have had their answers", async () => {
  const { seen, statuses } = await send(
    `GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n${EVIL}`,
  );
  deepEqual([seen, statuses], [["GET /a", "GET /b"], [200, 200, 400]]);
});
