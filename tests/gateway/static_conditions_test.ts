/** Conditions and ranges of requests (RFC 9110 §13, §14). */

import { deepEqual, equal, match } from "node:assert/strict";
import { judgeConditions, type Validators } from "../../src/gateway/targets/static_conditions.ts";
import { parseRanges } from "../../src/gateway/targets/static_ranges.ts";
import { serveFolder, type Site } from "../support/static_site.ts";

const file: Validators = { etag: '"a"', modified: 784111777 };
const [THEN, BEFORE, AFTER] = [0, -1, 1].map((seconds) => new Date((file.modified + seconds) * 1000).toUTCString());

function judge(fields: Record<string, string>): 304 | 412 | undefined {
  return judgeConditions((name) => fields[name] ?? null, file);
}

Deno.test("conditions are judged in their order", () => {
  const go = undefined;
  const cases: [fields: Record<string, string>, outcome: 304 | 412 | undefined][] = [
    [{}, go],
    [{ "if-none-match": '"a"' }, 304],
    [{ "if-none-match": 'W/"a"' }, 304],
    [{ "if-none-match": '"b", W/"c" ,"a"' }, 304],
    [{ "if-none-match": '"b"' }, go],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": "a" }, go],
    [{ "if-none-match": '"b,"a""' }, go],
    [{ "if-match": '"a"' }, go],
    [{ "if-match": 'W/"a"' }, 412],
    [{ "if-match": '"b"' }, 412],
    [{ "if-match": "*" }, go],
    [{ "if-match": '"a"', "if-none-match": '"a"' }, 304],
    [{ "if-modified-since": THEN }, 304],
    [{ "if-modified-since": AFTER }, 304],
    [{ "if-modified-since": BEFORE }, go],
    [{ "if-modified-since": "Sunday, 06-Nov-94 08:49:37 GMT" }, 304],
    [{ "if-modified-since": "Sun Nov  6 08:49:37 1994" }, 304],
    [{ "if-modified-since": "2030-01-01" }, go],
    [{ "if-modified-since": "now" }, go],
    [{ "if-none-match": '"b"', "if-modified-since": THEN }, go],
    [{ "if-unmodified-since": BEFORE }, 412],
    [{ "if-unmodified-since": THEN }, go],
    [{ "if-unmodified-since": "never" }, go],
    [{ "if-match": '"a"', "if-unmodified-since": BEFORE }, go],
  ];
  for (const [fields, outcome] of cases) equal(judge(fields), outcome, JSON.stringify(fields));
});

Deno.test("ranges are understood, or ignored where they are wrong, many or overlap", () => {
  const ranges = (...pairs: [number, number][]) => pairs.map(([start, end]) => ({ start, end }));
  const cases: [field: string, size: number, outcome: ReturnType<typeof parseRanges>][] = [
    ["bytes=0-0", 10, ranges([0, 1])],
    ["bytes=2-4", 10, ranges([2, 5])],
    ["BYTES=2-", 10, ranges([2, 10])],
    ["bytes=5-99999999999999999999", 10, ranges([5, 10])],
    ["bytes=-3", 10, ranges([7, 10])],
    ["bytes=-99", 10, ranges([0, 10])],
    ["bytes=0-1, 4-5 ,\t8-", 10, ranges([0, 2], [4, 6], [8, 10])],
    ["bytes=0-1,20-30", 10, ranges([0, 2])],
    ["bytes=10-", 10, "unsatisfiable"],
    ["bytes=-0", 10, "unsatisfiable"],
    ["bytes=99-100,200-", 10, "unsatisfiable"],
    ["bytes=0-", 0, "unsatisfiable"],
    ["bytes=0-5,3-8", 10, undefined],
    ["bytes=5-6,0-1", 10, undefined],
    ["bytes=" + "0-0,".repeat(1000) + "0-0", 10, undefined],
    ["bytes=4-2", 10, undefined],
    ["bytes=", 10, undefined],
    ["bytes=-", 10, undefined],
    ["bytes=a-b", 10, undefined],
    ["bytes=1-2-3", 10, undefined],
    ["bytes=+1-2", 10, undefined],
    ["items=0-1", 10, undefined],
    ["bytes 0-1", 10, undefined],
  ];
  for (const [field, size, outcome] of cases) deepEqual(parseRanges(field, size), outcome, field.slice(0, 40));
});

const small = new TextEncoder().encode("0123456789");
const large = new Uint8Array(1_000_000).map((_, index) => index * index >> 6);

async function ask(site: Site, name: string, headers: Record<string, string>, method = "GET") {
  const response = await fetch(site.at(name), { headers, method });
  return { status: response.status, headers: response.headers, bytes: await response.bytes() };
}

Deno.test("a part of a small and of a large file is sent as it is asked for", async () => {
  await using site = await serveFolder({ small, large });
  for (const [name, all] of Object.entries({ small, large })) {
    const size = all.byteLength;
    for (const [range, start, end] of [["2-5", 2, 6], ["7-", 7, size], ["-4", size - 4, size]] as const) {
      const { status, headers, bytes } = await ask(site, name, { range: `bytes=${range}` });
      equal(status, 206);
      equal(headers.get("content-range"), `bytes ${start}-${end - 1}/${size}`);
      equal(headers.get("content-length"), String(end - start));
      deepEqual(bytes, all.slice(start, end));
    }
    const none = await ask(site, name, { range: `bytes=${size}-` });
    deepEqual([none.status, none.headers.get("content-range")], [416, `bytes */${size}`]);
    for (const headers of [{ range: "bytes=5-6,0-1" }, { range: "lines=1-2" }]) {
      deepEqual((await ask(site, name, headers)).bytes, all);
    }
    const head = await ask(site, name, { range: "bytes=0-1" }, "HEAD");
    deepEqual([head.status, head.headers.get("content-length")], [200, String(size)]);
  }
});

Deno.test("several parts come in one multipart answer", async () => {
  await using site = await serveFolder({ "small.txt": small, "large.bin": large });
  for (const [name, all] of Object.entries({ "small.txt": small, "large.bin": large })) {
    const size = all.byteLength;
    const { status, headers, bytes } = await ask(site, name, { range: "bytes=0-1,4-5,-2" });
    equal(status, 206);
    equal(headers.get("content-length"), String(bytes.byteLength));
    const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(headers.get("content-type")!)![1];
    const text = new TextDecoder("latin1").decode(bytes);
    const parts = text.split(`--${boundary}`);
    deepEqual([parts[0], parts.at(-1)], ["", "--\r\n"]);
    const type = name === "small.txt" ? "text/plain; charset=utf-8" : "application/octet-stream";
    const expected = [[0, 2], [4, 6], [size - 2, size]].map(([start, end]) =>
      `\r\ncontent-type: ${type}\r\ncontent-range: bytes ${start}-${end - 1}/${size}\r\n\r\n` +
      `${new TextDecoder("latin1").decode(all.slice(start, end))}\r\n`
    );
    deepEqual(parts.slice(1, -1), expected);
  }
});

Deno.test("a client that has the file is told so, and one that has a part of another gets the whole", async () => {
  await using site = await serveFolder({ small, large });
  for (const [name, all] of Object.entries({ small, large })) {
    const { headers } = await ask(site, name, {});
    const [etag, modified] = [headers.get("etag")!, headers.get("last-modified")!];
    for (const fields of [["if-none-match", etag], ["if-modified-since", modified]]) {
      for (const method of ["GET", "HEAD"]) {
        const same = await ask(site, name, Object.fromEntries([fields]), method);
        deepEqual([same.status, same.bytes.byteLength, same.headers.get("etag")], [304, 0, etag]);
      }
    }
    const other = await ask(site, name, { "if-match": '"other"' });
    deepEqual([other.status, other.headers.get("content-type")], [412, "application/problem+json"]);
    for (const has of [etag, modified]) {
      deepEqual((await ask(site, name, { range: "bytes=0-1", "if-range": has })).bytes, all.slice(0, 2));
    }
    for (const had of ['"other"', `W/${etag}`, "Sun, 06 Nov 1994 08:49:37 GMT", "junk"]) {
      const whole = await ask(site, name, { range: "bytes=0-1", "if-range": had });
      deepEqual([whole.status, whole.bytes.byteLength], [200, all.byteLength]);
    }
    match(etag, /^"/);
  }
});
