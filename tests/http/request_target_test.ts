/** What a handler sees of targets that mean to reach something else than they seem to. */

import { deepEqual, equal } from "node:assert/strict";
import { listen, type Listening } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";

/** The URL that the handler sees, or the status of the refusal; Latin-1 as it stands on the wire. */
async function ask(server: Listening, target: string, fields = "Host: x", method = "GET"): Promise<string> {
  using client = await RawClient.connect(server.url);
  const bytes = `${method} ${target} HTTP/1.1\r\n${fields}\r\nConnection: close\r\n\r\n`;
  await client.send(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  const head = await client.head();
  return head.status === 200 ? await client.body(head) : String(head.status);
}

function listenUrl(): Promise<Listening> {
  return listen((request) => new Response(request.url));
}

Deno.test("paths are written in one way, and dots lead nowhere", async () => {
  await using server = await listenUrl();
  const paths: Record<string, string> = {
    "/a/../b": "/b",
    "/../../b": "/b",
    "/%2e%2e/b": "/b",
    "/a/.%2E/b": "/b",
    "/a/%2e/b": "/a/b",
    "/%2e%2e%2fb": "/%2e%2e%2fb",
    "/a%5c..%5cb": "/a%5c..%5cb",
    "//evil": "//evil",
    "//evil/..": "//",
    "///": "///",
    "/a//b": "/a//b",
    "/a%00b": "/a%00b",
    "/a;b=c/d;e": "/a;b=c/d;e",
    "/a%zz%": "/a%zz%",
    '/a"<b>{c}': "/a%22%3Cb%3E%7Bc%7D",
    "/?a=../b\\c??": "/?a=../b\\c??",
  };
  for (const [path, seen] of Object.entries(paths)) equal(await ask(server, path), `http://x${seen}`, path);
});

Deno.test("what some take for a slash, or cut off, is refused", async () => {
  await using server = await listenUrl();
  const targets = ["/a\\b", "/\\evil", "\\evil", "/a\\..\\b", "/a#b", "#b", "/a?b#c", "a", "?a", "*", "x:80"];
  for (const target of [...targets, "/\xe9", "/\xff\xfe", "/?\xe9", "/\x01", "/\x7f", "/a\tb", "/a\0b"]) {
    equal(await ask(server, target), "400", JSON.stringify(target));
  }
  equal(await ask(server, "*", "Host: x", "OPTIONS"), "http://x/");
});

Deno.test("a target in absolute form names the host that its field names", async () => {
  await using server = await listenUrl();
  for (const target of ["http://x/a?b", "HTTP://X/a?b", "http://x:80/a?b", "https://x/a?b"]) {
    equal(await ask(server, target), "http://x/a?b");
  }
  equal(await ask(server, "http://x"), "http://x/");
  const others = [
    "http://other/a",
    "http://x:81/a",
    "http://u@x/a",
    "http://u:p@x/a",
    "http:///x/a",
    "http:/x",
    "http:x",
  ];
  for (const target of [...others, "http://", "ftp://x/a", "file:///etc/passwd", "javascript:x", "http://x\\@y/"]) {
    equal(await ask(server, target), "400", target);
  }
});

Deno.test("a host is a name or an address that is written as it is meant", async () => {
  await using server = await listenUrl();
  const hosts: Record<string, string> = {
    "x": "x",
    "X.Example": "x.example",
    "x.example.": "x.example.",
    "a_b.example": "a_b.example",
    "x:80": "x",
    "x:": "x",
    "x:8080": "x:8080",
    "127.0.0.1:1": "127.0.0.1:1",
    "[::1]:1": "[::1]:1",
    "[0:0::1]": "[::1]",
  };
  for (const [host, seen] of Object.entries(hosts)) equal(await ask(server, "/", `Host: ${host}`), `http://${seen}/`);
  const odd = [
    "0x7f.1",
    "127.1",
    "2130706433",
    "1.2.3.4.5",
    "x%41",
    "\xe9",
    "x;y",
    "x/y",
    "x?y",
    "u@x",
    "a:b",
    "x:99999",
    ":80",
  ];
  for (const host of odd) equal(await ask(server, "/", `Host: ${host}`), "400", host);
});

Deno.test("a client of HTTP/1.0 that names no host wants to reach where the server listens", async () => {
  await using server = await listenUrl();
  using client = await RawClient.connect(server.url);
  await client.send("GET /a HTTP/1.0\r\n\r\n");
  equal((await client.head()).status, 200);
  equal(await client.rest(), `${server.url}/a`);
});

Deno.test("fields that come twice are the same to all who ask for them", async () => {
  const { fieldOfRequest } = await import("../../src/http/served_request.ts");
  await using server = await listen((request) => {
    const names = ["authorization", "content-type", "user-agent", "x-a"];
    return Response.json(names.map((name) => [fieldOfRequest(request, name), request.headers.get(name)]));
  });
  using client = await RawClient.connect(server.url);
  const fields = ["Authorization", "Content-Type", "User-Agent", "X-A"].map((name) => `${name}: 1\r\n${name}: 2\r\n`);
  await client.send(`GET / HTTP/1.1\r\nHost: x\r\n${fields.join("")}\r\n`);
  deepEqual(JSON.parse(await client.body(await client.head())), Array(4).fill(["1, 2", "1, 2"]));
});
