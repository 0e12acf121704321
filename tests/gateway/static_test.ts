/** Files over real HTTP: what is found, how it is described, and what it is sent as. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { StaticConfig } from "../../src/gateway/config/target_model.ts";
import { staticFiles } from "../../src/gateway/targets/static_files.ts";
import { knownBytes, plainFields } from "../../src/http/bytes_response.ts";
import { silent } from "../../src/log.ts";
import { makeFolder } from "../support/folder.ts";
import { listen } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { PREFIX, serveFolder, staticConfig } from "../support/static_site.ts";
import { until } from "../support/within.ts";

const page = "<!doctype html>\n<title>Hello</title>\n";
const large = new Uint8Array(3_000_000).map((_, index) => index * index >> 8);

/** A request whose answer is read to the end. */
async function ask(url: string, init: RequestInit = {}) {
  const response = await fetch(url, { redirect: "manual", ...init });
  const { status, headers } = response;
  return { status, headers, bytes: await response.bytes() };
}

Deno.test("a file is sent with what it is, how long it is, and when it was changed", async () => {
  await using site = await serveFolder({ "a.html": page, "b.bin": large, "c.js": "1", "d": "", "e.svg": "<svg/>" });
  await Deno.utime(site.file("a.html"), 1_000_000_000, 1_000_000_000.5);
  const { status, headers, bytes } = await ask(site.at("a.html"));
  equal(status, 200);
  equal(new TextDecoder().decode(bytes), page);
  equal(headers.get("content-type"), "text/html; charset=utf-8");
  equal(headers.get("content-length"), String(page.length));
  equal(headers.get("last-modified"), "Sun, 09 Sep 2001 01:46:40 GMT");
  equal(headers.get("accept-ranges"), "bytes");
  equal(headers.get("x-content-type-options"), "nosniff");
  match(headers.get("etag")!, /^"[\w-]+"$/);
  const whole = await ask(site.at("b.bin"));
  deepEqual(whole.bytes, large);
  equal(whole.headers.get("content-length"), "3000000");
  equal(whole.headers.get("content-type"), "application/octet-stream");
  equal((await ask(site.at("c.js"))).headers.get("content-type"), "text/javascript; charset=utf-8");
  equal((await ask(site.at("e.svg"))).headers.get("content-type"), "image/svg+xml");
  deepEqual((await ask(site.at("d"))).bytes.byteLength, 0);
});

Deno.test("HEAD is told what GET is, without the file", async () => {
  await using site = await serveFolder({ "small.txt": page, "large.bin": large });
  const fields = (headers: Headers) => [...headers].filter(([name]) => name !== "date");
  for (const name of site.names()) {
    const [get, head] = [await ask(site.at(name)), await ask(site.at(name), { method: "HEAD" })];
    deepEqual(fields(head.headers), fields(get.headers));
    deepEqual([head.status, head.bytes.byteLength], [200, 0]);
  }
});

Deno.test("other methods are 405, and told which there are", async () => {
  await using site = await serveFolder({ a: "" });
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { status, headers } = await ask(site.at("a"), { method });
    deepEqual([status, headers.get("allow")], [405, "GET, HEAD"]);
  }
});

Deno.test("a file that was not changed lately is kept, and sent in one piece", async () => {
  const root = fileURLToPath(new URL("../support/", import.meta.url));
  const handler = staticFiles(staticConfig(root), { wildcard: "rest", log: silent });
  const bodies: unknown[] = [];
  await using server = await listen(async (request) => {
    const response = await handler(request, { params: { rest: "within.ts" } });
    ok(plainFields(response));
    bodies.push(knownBytes(response));
    return response;
  });
  for (let i = 0; i < 2; i++) deepEqual((await ask(server.url)).bytes, await Deno.readFile(join(root, "within.ts")));
  ok(bodies[0] === bodies[1]);
});

Deno.test("the next state of a file is seen at once", async () => {
  await using site = await serveFolder({ "a.txt": "first" });
  const tags = new Set<string>();
  for (let i = 0; i < 20; i++) {
    await Deno.writeTextFile(site.file("a.txt"), `${i}`.padStart(5));
    const { headers, bytes } = await ask(site.at("a.txt"));
    equal(new TextDecoder().decode(bytes), `${i}`.padStart(5));
    tags.add(headers.get("etag")!);
    // Another file, of the same size and time.
    await Deno.writeTextFile(site.file("new"), `${i}`.padStart(5, "x"));
    const { mtime } = await Deno.stat(site.file("a.txt"));
    await Deno.utime(site.file("new"), mtime!, mtime!);
    await Deno.rename(site.file("new"), site.file("a.txt"));
    const next = await ask(site.at("a.txt"));
    equal(new TextDecoder().decode(next.bytes), `${i}`.padStart(5, "x"));
    ok(next.headers.get("etag") !== headers.get("etag"));
  }
});

Deno.test("a folder is answered with its index, and one without a slash is sent there", async () => {
  await using site = await serveFolder({ "index.html": page });
  await Deno.mkdir(join(site.path, "sub dir"));
  await Deno.writeTextFile(join(site.path, "sub dir", "default.htm"), "inner");
  equal(new TextDecoder().decode((await ask(site.at(""))).bytes), page);
  equal(new TextDecoder().decode((await ask(site.at("sub%20dir/"))).bytes), "inner");
  const { status, headers } = await ask(site.at("sub%20dir?a=1&b=//x"));
  deepEqual([status, headers.get("location")], [301, "./sub%20dir/?a=1&b=//x"]);
  equal(await (await fetch(site.at("sub%20dir?a"))).text(), "inner");
  for (const path of ["index.html/", "sub%20dir/none", "sub%20dir//default.htm", "none/"]) {
    equal((await ask(site.at(path))).status, 404, path);
  }
});

Deno.test("a route's own folder is sent to its slash too, so that relative links of its page lead below it", async () => {
  await using site = await serveFolder({ "index.html": page });
  const handler = staticFiles(staticConfig(site.path), { wildcard: "rest", log: silent });
  await using server = await listen((request) => handler(request, { params: { rest: "" } }));
  const { status, headers } = await ask(`${server.url}/f?a=1`);
  deepEqual([status, headers.get("location")], [301, "./f/?a=1"]);
  for (const path of ["/f/", "/"]) equal((await ask(server.url + path)).status, 200, path);
});

Deno.test("a redirect leads to no other host, whatever the path looks like", async () => {
  await using site = await serveFolder({});
  await Deno.mkdir(join(site.path, "evil.example"));
  await Deno.mkdir(join(site.path, "http:"));
  for (const path of ["evil.example", "http:", "evil.example?//x", "%65vil.example"]) {
    using client = await RawClient.connect(site.url);
    await client.send(`GET ${PREFIX}${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const { status, headers } = await client.head();
    equal(status, 301);
    const target = new URL(headers.location, `http://x${PREFIX}${path}`);
    deepEqual([target.host, target.pathname.startsWith(PREFIX)], ["x", true], headers.location);
  }
});

Deno.test("a folder without an index is 404, or a list if that is wanted", async () => {
  const strange = '<img src=x onerror="alert(1)">&.txt';
  const files = { [strange]: "", ".hidden": "", "b?#%.txt": "b", "javascript:alert(1)": "" };
  await using plain = await serveFolder(files);
  equal((await ask(plain.at(""))).status, 404);
  await using site = await serveFolder(files, { listing: true });
  await Deno.mkdir(join(site.path, "zoo"));
  await Deno.symlink(site.path, join(site.path, "zoo", "inside"));
  await Deno.symlink("/etc", join(site.path, "zoo", "outside"));
  const { headers, bytes } = await ask(site.at(""));
  equal(headers.get("content-type"), "text/html; charset=utf-8");
  equal(headers.get("content-security-policy"), "default-src 'none'");
  const html = new TextDecoder().decode(bytes);
  ok(!html.includes("<img") && !html.includes(".hidden") && !html.includes("../"), html);
  ok(html.indexOf("zoo/") < html.indexOf("b?#%.txt"), html);
  const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
  deepEqual(
    links.toSorted(),
    ["./zoo/", ...Object.keys(files).filter((name) => name !== ".hidden").map(encoded)].sort(),
  );
  for (const link of links.slice(1)) equal((await ask(new URL(link, site.at("")).href)).status, 200, link);
  const inner = new TextDecoder().decode((await ask(site.at("zoo/"))).bytes);
  deepEqual([...inner.matchAll(/href="([^"]*)"/g)].map(([, link]) => link), ["../", "./inside/"]);
});

function encoded(name: string): string {
  return "./" + encodeURIComponent(name);
}

Deno.test("what is not found is answered with the fallback, what must not be asked for is not", async () => {
  await using site = await serveFolder({ "app.html": page, "a.txt": "a" }, { fallback: "app.html" });
  for (const path of ["", "users/7", "none.js"]) {
    const { status, headers, bytes } = await ask(site.at(path));
    deepEqual([status, headers.get("content-type")], [200, "text/html; charset=utf-8"], path);
    equal(new TextDecoder().decode(bytes), page);
  }
  equal((await ask(site.at("a.txt"))).bytes.byteLength, 1);
  equal((await ask(site.at(".git/config"))).status, 404);
  await Deno.remove(site.file("app.html"));
  equal((await ask(site.at("none"))).status, 404);
});

Deno.test("one file answers every path of its route", async () => {
  await using folder = await makeFolder({ "only.css": "a{}" });
  const config: StaticConfig = { ...staticConfig(folder.file("only.css")), isFile: true };
  await using server = await listen(staticFiles(config, { log: silent }));
  for (const path of ["/", "/x/y", "/..%2f..%2fetc/passwd"]) {
    const { status, headers } = await ask(server.url + path);
    deepEqual([status, headers.get("content-type")], [200, "text/css; charset=utf-8"]);
  }
});

Deno.test("without a wildcard the root's index is the answer", async () => {
  await using folder = await makeFolder({ "index.html": page });
  await using server = await listen(staticFiles(staticConfig(folder.path), { log: silent }));
  equal(new TextDecoder().decode((await ask(`${server.url}/docs`)).bytes), page);
});

Deno.test("a form compressed ahead is sent to those who take it, with a tag of its own", async () => {
  const files = {
    "a.txt": "plain",
    "a.txt.br": brotliCompressSync("from br"),
    "a.txt.zst": zstdCompressSync("from zst"),
    "a.txt.gz": gzipSync("from gz"),
    "b.txt": "plain",
    "b.txt.gz": gzipSync("from gz"),
    "c.txt": "plain",
  };
  await using site = await serveFolder(files, { precompressed: true });
  const asked: [name: string, accept: string, coding: string | undefined, text: string][] = [
    ["a.txt", "gzip, br, zstd", "br", "from br"],
    ["a.txt", "gzip, zstd;q=0.9", "gzip", "from gz"],
    ["a.txt", "zstd", "zstd", "from zst"],
    ["a.txt", "br;q=0, *", "zstd", "from zst"],
    ["b.txt", "br, gzip;q=0.1", "gzip", "from gz"],
    ["a.txt", "identity", undefined, "plain"],
    ["c.txt", "gzip, br", undefined, "plain"],
  ];
  const tags = new Set<string>();
  for (const [name, accept, coding, text] of asked) {
    using client = await RawClient.connect(site.url);
    await client.send(`GET ${PREFIX}${name} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: ${accept}\r\n\r\n`);
    const { headers } = await client.head();
    deepEqual([headers["content-encoding"], headers.vary], [coding, "Accept-Encoding"]);
    equal(headers["content-type"], "text/plain; charset=utf-8");
    tags.add(`${name} ${headers.etag}`);
    const bytes = await client.exactly(Number(headers["content-length"]));
    const file = coding ? { br: ".br", zstd: ".zst", gzip: ".gz" }[coding] : "";
    deepEqual(new Uint8Array(bytes), await Deno.readFile(site.file(name + file)), text);
  }
  equal(tags.size, 6);
  equal((await ask(site.at("a.txt.gz"))).headers.get("content-encoding"), null);
});

Deno.test("with no-cache clients keep nothing, and ask for nothing to be compared", async () => {
  await using site = await serveFolder({ "a.txt": "a" }, { noCache: true });
  const { status, headers } = await ask(site.at("a.txt"), {
    headers: { "if-none-match": "*", "if-modified-since": new Date(Date.now() + 1e6).toUTCString() },
  });
  deepEqual([status, headers.get("cache-control"), headers.get("etag")], [200, "no-store", null]);
  equal(headers.get("last-modified"), null);
});

Deno.test("a file that is cut while it is sent ends as a broken answer, and closes", async () => {
  await using site = await serveFolder({});
  await Deno.writeFile(site.file("large"), new Uint8Array(64 << 20));
  using client = await RawClient.connect(site.url);
  await client.send(`GET ${PREFIX}large HTTP/1.1\r\nHost: x\r\n\r\n`);
  const { headers } = await client.head();
  equal(headers["content-length"], String(64 << 20));
  await Deno.truncate(site.file("large"), 1 << 20);
  ok((await client.rest()).length < 64 << 20);
  await until("the file is closed", () => openNames(site.path).length === 0);
});

Deno.test("of a file that grows, what was announced is sent", async () => {
  await using site = await serveFolder({ large });
  using client = await RawClient.connect(site.url);
  await client.send(`GET ${PREFIX}large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await client.head();
  await Deno.writeFile(site.file("large"), new Uint8Array(1 << 20), { append: true });
  let length = 0;
  for (let chunk = await client.read(); chunk; chunk = await client.read()) length += chunk.byteLength;
  equal(length, large.byteLength);
});

Deno.test("files are closed however their answers end", async () => {
  await using site = await serveFolder({ large: new Uint8Array(32 << 20), small: "a" });
  for (let i = 0; i < 10; i++) {
    using client = await RawClient.connect(site.url);
    await client.send(`GET ${PREFIX}large HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.head();
  }
  await ask(site.at("large"));
  await ask(site.at("small"));
  await ask(site.at("large"), { method: "HEAD" });
  await ask(site.at("large"), { headers: { range: "bytes=99999999-" } });
  await until("all files are closed", () => openNames(site.path).length === 0);
});

/** Files below a folder that this process has open. */
function openNames(folder: string): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      const target = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return []; // it was closed meanwhile
    }
  });
}
