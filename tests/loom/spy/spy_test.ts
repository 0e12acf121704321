import { deepEqual, equal, match, ok } from "node:assert/strict";
import { printable } from "../../../src/bytes/printable.ts";
import { limits } from "../../../src/limits.ts";
import { openMemoryLoom } from "../../../src/loom/open_loom.ts";
import { spyHandler, type SpyOptions } from "../../../src/loom/spy/spy.ts";
import { cutLines } from "../../../src/loom/spy/spy_text.ts";
import type { StreamEnd, StreamStore } from "../../../src/loom/stream_store.ts";
import { listen } from "../../support/in_process.ts";
import { heldBytes } from "../../support/memory.ts";
import { RawClient } from "../../support/raw_client.ts";
import { within } from "../../support/within.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What a spy sees, as it comes. */
interface Spy extends AsyncDisposable {
  readonly text: string;
  /** Waits until all that it saw since the last time ends so; gives that. */
  until(end: string): Promise<string>;
}

async function spyStreams(store: StreamStore, query = "", options: SpyOptions = {}): Promise<Spy> {
  const response = await spyHandler(store, options)(new Request(`http://x/spy${query}`));
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let taken = 0;
  return {
    get text() {
      return text;
    },
    until: async (end) => {
      while (!text.slice(taken).endsWith(end)) {
        const { done, value } = await within(() => `${JSON.stringify(end)} behind ${text.slice(-500)}`, reader.read());
        ok(!done, `it ended before ${JSON.stringify(end)}`);
        text += decoder.decode(value, { stream: true });
      }
      const part = text.slice(taken);
      taken = text.length;
      return part;
    },
    [Symbol.asyncDispose]: () => reader.cancel(),
  };
}

const add = (store: StreamStore, id: string, text: string, end?: StreamEnd) => store.append(id, bytes(text), { end });

Deno.test("a spy sees new streams from their start, active ones from now on, and all ends", async () => {
  await using store = await openMemoryLoom();
  await store.create("ended", { bytes: bytes("old\n"), closed: true });
  await store.create("active", { bytes: bytes("before\n") });
  await using spy = await spyStreams(store);
  equal(await spy.until("active\n"), "START: active\n");
  await add(store, "active", "now\n");
  equal(await spy.until("now\n"), "active: now\n");
  await store.create("new", { bytes: bytes("first\nsecond\n") });
  equal(await spy.until("second\n"), "START: new\nnew: first\nnew: second\n");
  await add(store, "active", "last", "closed");
  equal(await spy.until("END: active\n"), "active: last\nEND: active\n");
  await add(store, "new", "", "aborted");
  equal(await spy.until("END: new\n"), "END: new\n");
});

Deno.test("lines of several streams do not mix, however they arrive", async () => {
  await using store = await openMemoryLoom();
  await using spy = await spyStreams(store);
  await store.create("a");
  await store.create("b");
  for (const part of ["on", "e\r\ntw", "o\n"]) {
    await add(store, "a", part);
    await add(store, "b", part);
  }
  const text = await spy.until("b: two\n");
  const lines = text.trimEnd().split("\n").sort();
  deepEqual(lines, ["START: a", "START: b", "a: one", "a: two", "b: one", "b: two"]);
});

Deno.test("the beginning of a line is shown when its end does not come", async () => {
  await using store = await openMemoryLoom();
  await using spy = await spyStreams(store, "", { partialMs: 50 });
  await store.create("p", { bytes: bytes("Password:") });
  equal(await spy.until("Password:\n"), "START: p\np: Password:\n");
  await add(store, "p", " hidden\n");
  equal(await spy.until("hidden\n"), "p:  hidden\n");
});

Deno.test("content can't drive the terminal, with colours or without", async () => {
  await using store = await openMemoryLoom();
  for (const query of ["", "?color"]) {
    await using spy = await spyStreams(store, query);
    const content = "\x1b[2J\x1b]0;title\x07\ta\x00b\rc\x7f\x9b31m\u202eright\u2028x 漢é";
    await store.create("e\u202evil", { bytes: bytes(content + "\n"), closed: true, force: true });
    const text = (await spy.until(query ? "vil\x1b[0m\n" : "END: e\\u202evil\n")).replace(/\p{Cc}\[(\d+)m/gu, "");
    equal(
      text,
      "START: e\\u202evil\ne\\u202evil: \\x1b[2J\\x1b]0;title\\x07\ta\\x00b\\x0dc\\x7f\\x9b31m\\u202eright\\u2028x 漢é\n" +
        "END: e\\u202evil\n",
    );
  }
});

Deno.test("bytes that are no UTF-8 are shown in hexadecimal, and the others as they are", () => {
  const show = (...parts: (number[] | string)[]) => {
    const all = parts.flatMap((part) => typeof part === "string" ? [...bytes(part)] : part);
    return cutLines(Uint8Array.from(all), true).lines;
  };
  deepEqual(show("a", [0xff], "é", [0xc3], "b"), ["a\\xffé\\xc3b"]);
  deepEqual(show([0xed, 0xa0, 0x80]), ["\\xed\\xa0\\x80"]); // a surrogate
  deepEqual(show([0xc0, 0xaf, 0xf5, 0xe0, 0x80, 0x80]), ["\\xc0\\xaf\\xf5\\xe0\\x80\\x80"]); // overlong
  deepEqual(show("🎈", [0xf0, 0x9f, 0x8e]), ["🎈\\xf0\\x9f\\x8e"]);
  for (let i = 0; i < 2000; i++) { // the platform's decoder agrees on what is UTF-8
    const random = crypto.getRandomValues(new Uint8Array(6)).map((byte) => byte < 0x60 ? byte + 0xa0 : byte);
    const decoded = new TextDecoder("utf-8", { ignoreBOM: true }).decode(random);
    const [line] = show([...random]);
    if (decoded.includes("\ufffd")) match(line, /\\x/);
    else equal(line, printable(decoded));
  }
});

Deno.test("long lines are cut between characters", () => {
  const line = "é".repeat(limits.spyLineBytes);
  const { lines, used } = cutLines(bytes("x" + line + "\nrest"), false);
  equal(lines.join(""), "x" + line);
  ok(lines.length > 1);
  equal(used, 2 * limits.spyLineBytes + 2);
});

Deno.test("each stream has a colour of its own with ?color, and with ?color=true", async () => {
  await using store = await openMemoryLoom();
  for (const query of ["?color", "?color=true"]) {
    await using spy = await spyStreams(store, query);
    await store.create("a", { bytes: bytes("x\n"), closed: true, force: true });
    const first = await spy.until("END: a\x1b[0m\n");
    await store.create("b", { bytes: bytes("x\n"), closed: true, force: true });
    const second = await spy.until("END: b\x1b[0m\n");
    const colors = (text: string) => [...new Set([...text.matchAll(/^\p{Cc}\[(\d+)m/gmu)].map(([, color]) => color))];
    deepEqual([colors(first).length, colors(second).length], [1, 1]);
    ok(colors(first)[0] !== colors(second)[0]);
  }
  await using plain = await spyStreams(store, "?color=false");
  await store.create("c", { closed: true });
  equal(await plain.until("END: c\n"), "START: c\nEND: c\n");
});

Deno.test("a stream that is replaced or deleted has ended", async () => {
  await using store = await openMemoryLoom();
  await using spy = await spyStreams(store);
  await store.create("r", { bytes: bytes("one\n") });
  await spy.until("r: one\n");
  await store.create("r", { bytes: bytes("two\n"), force: true });
  const lines = (await spy.until("r: two\n")).trimEnd().split("\n");
  deepEqual(lines, ["END: r", "START: r", "r: two"]);
  await store.delete("r");
  equal(await spy.until("END: r\n"), "END: r\n");
});

Deno.test("messages of JSON streams are lines, and a huge one is skipped", async () => {
  await using store = await openMemoryLoom();
  await using spy = await spyStreams(store);
  await store.create("j", { contentType: "application/json" });
  await add(store, "j", '[{"a": 1}, 2]');
  equal(await spy.until("j: 2\n"), 'START: j\nj: {"a": 1}\nj: 2\n');
  const huge = JSON.stringify("x".repeat(4 * limits.spyPieceBytes));
  await add(store, "j", huge);
  equal(await spy.until("skipped\n"), `j: ... ${huge.length + 1} bytes skipped\n`);
  await add(store, "j", "3", "closed");
  equal(await spy.until("END: j\n"), "j: 3\nEND: j\n");
});

Deno.test("a slow spy skips, says how much, and holds little meanwhile", async () => {
  await using store = await openMemoryLoom();
  await using spy = await spyStreams(store);
  await store.create("fast", { bytes: bytes("begin\n") });
  await spy.until("begin\n");
  const line = "x".repeat(1023) + "\n";
  const piece = bytes(line.repeat(1024));
  const before = heldBytes();
  for (let i = 0; i < 40; i++) await store.append("fast", piece);
  const grown = heldBytes() - before - 40 * piece.byteLength;
  ok(grown < 4 * 1024 * 1024, `${grown} bytes more are held`);
  await add(store, "fast", "", "closed");
  const text = await spy.until("END: fast\n");
  const skipped = Number(/^fast: \.\.\. (\d+) bytes skipped$/m.exec(text)?.[1]);
  const shown = [...text.matchAll(/^fast: x*$/gm)].length * line.length;
  equal(skipped + shown, 40 * piece.byteLength);
});

Deno.test("over HTTP a spy that leaves makes room for another", async () => {
  await using store = await openMemoryLoom();
  await using server = await listen(spyHandler(store));
  const connect = async () => {
    const client = await RawClient.connect(server.url);
    await client.send("GET /spy HTTP/1.1\r\nHost: x\r\n\r\n");
    return { client, head: await client.head() };
  };
  const spies = [];
  for (let i = 0; i < limits.spies; i++) spies.push(await connect());
  deepEqual(new Set(spies.map(({ head }) => head.status)), new Set([200]));
  equal(spies[0].head.headers["content-type"], "text/plain; charset=utf-8");
  const excess = await connect();
  equal(excess.head.status, 503);
  excess.client[Symbol.dispose]();
  spies.pop()!.client[Symbol.dispose]();
  const again = async () => {
    const { client, head } = await connect();
    if (head.status === 200) spies.push({ client, head });
    else client[Symbol.dispose]();
    return head.status === 200;
  };
  for (let tries = 0; !await again(); tries++) ok(tries < 100);
  await store.create("seen", { closed: true });
  equal(await spies.at(-1)!.client.chunk(), "START: seen\nEND: seen\n");
  for (const { client } of spies) client[Symbol.dispose]();
});

Deno.test("many active streams are told in parts, without any twice", async () => {
  await using store = await openMemoryLoom();
  const count = 2500;
  await Promise.all(Array.from({ length: count }, (_, i) => store.create(`s/${i}`)));
  await using spy = await spyStreams(store);
  const ids = new Set<string>();
  while (ids.size < count) {
    const text = await spy.until("\n");
    for (const [, id] of text.matchAll(/^START: (.*)$/gm)) {
      ok(!ids.has(id), id);
      ids.add(id);
    }
  }
});

Deno.test("the signal ends all spies", async () => {
  await using store = await openMemoryLoom();
  const stop = new AbortController();
  const response = await spyHandler(store, { signal: stop.signal })(new Request("http://x/spy"));
  const text = response.text();
  stop.abort();
  equal(await within("it ends", text), "");
});
