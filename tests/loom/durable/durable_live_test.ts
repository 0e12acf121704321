import { deepEqual, equal, ok } from "node:assert/strict";
import { parseEvents } from "./conformance/event_parser.ts";
import { type DurableServer, offset, startServer, status, told } from "./conformance/durable_server.ts";
import { until, within } from "../../support/within.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A connection of events, read as they come. */
class Events implements AsyncDisposable {
  readonly #leaving = new AbortController();
  #text = "";
  #reading: Promise<void> | undefined;
  response!: Response;

  static async open(server: DurableServer, path: string, headers: Record<string, string> = {}): Promise<Events> {
    const events = new Events();
    events.response = await server.ask("GET", path, { headers, signal: events.#leaving.signal });
    events.#reading = events.#read();
    return events;
  }

  async #read(): Promise<void> {
    try {
      for await (const text of this.response.body!.pipeThrough(new TextDecoderStream())) this.#text += text;
    } catch {
      // we left, or the server broke off
    }
  }

  /** Waits until what has come matches, and gives the events. */
  async until(what: RegExp) {
    await until(`${what} comes`, () => what.test(this.#text));
    return parseEvents(this.#text);
  }

  /** Waits for the end, and gives all events. */
  async end() {
    await within("the events end", this.#reading!);
    return parseEvents(this.#text);
  }

  async [Symbol.asyncDispose]() {
    this.#leaving.abort();
    await this.#reading;
  }
}

Deno.test("a follower gets what is there, then what comes, then the end", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "one");
  await using events = await Events.open(server, "a?offset=-1&live=sse");
  await events.until(/upToDate/);
  await server.store.append("a", encode("two"));
  await events.until(/two[^]*upToDate/);
  await server.store.append("a", encode("three"), { end: "closed" });
  const all = await events.end();
  deepEqual(all.map(({ type, id }) => [type, id]), [
    ["data", offset(3)],
    ["control", offset(3)],
    ["data", offset(6)],
    ["control", offset(6)],
    ["data", offset(11)],
    ["control", offset(11)],
  ]);
  deepEqual(all.filter(({ type }) => type === "data").map(({ data }) => data), ["one", "two", "three"]);
  deepEqual(JSON.parse(all[5].data), { streamNextOffset: offset(11), streamClosed: true });
});

Deno.test("a follower that connects again goes on behind the last event, and is sent away when nothing is to come", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "one", "two");
  {
    await using events = await Events.open(server, "a?offset=-1&live=sse", { "last-event-id": offset(3) });
    deepEqual((await events.until(/upToDate/))[0], { type: "data", data: "two", id: offset(6) });
  }
  await server.ask("POST", "a", { headers: { "stream-closed": "true" } });
  const path = "a?offset=-1&live=sse";
  deepEqual(await told(server.ask("GET", path, { headers: { "last-event-id": offset(6) } })), [204, ""]);
  equal(await status(server.ask("GET", path, { headers: { "last-event-id": "x" } })), 400);
  await using events = await Events.open(server, path, { "last-event-id": offset(3) });
  deepEqual((await events.end()).map(({ type }) => type), ["data", "control"]);
});

Deno.test("no character and no line break is cut in two, wherever pieces and appends end", async () => {
  const text = "é€😀\r\n\r\na\rb\nc😀";
  for (const eventBytes of [4, 5, 7, 64]) {
    await using server = await startServer({ eventBytes });
    await server.make("a", "text/plain");
    await using events = await Events.open(server, "a?offset=-1&live=sse");
    for (const byte of encode(text)) await server.store.append("a", Uint8Array.of(byte));
    await server.store.append("a", new Uint8Array(), { end: "closed" });
    const data = (await events.end()).filter(({ type }) => type === "data").map(({ data }) => data).join("");
    equal(data, text.replace(/\r\n?/g, "\n"), `${eventBytes}`);
  }
});

Deno.test("binary content comes in base64, each event by itself, messages as arrays", async () => {
  await using server = await startServer({ eventBytes: 20 });
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  await server.make("a", "image/png", bytes);
  await server.ask("POST", "a", { headers: { "stream-closed": "true" } });
  await using binary = await Events.open(server, "a?offset=-1&live=sse");
  equal(binary.response.headers.get("stream-sse-data-encoding"), "base64");
  const data = (await binary.end()).filter(({ type }) => type === "data").map(({ data }) => atob(data)).join("");
  deepEqual(Uint8Array.from(data, (char) => char.charCodeAt(0)), bytes);
  await server.make("json", "application/json", '[{"a":"x\\ny"},2]');
  await using json = await Events.open(server, "json?offset=-1&live=sse");
  deepEqual(JSON.parse((await json.until(/control/))[0].data), [{ a: "x\ny" }, 2]);
});

Deno.test("followers at one place share what is read for them", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain");
  await using stack = new AsyncDisposableStack();
  const followers: Events[] = [];
  for (let i = 0; i < 50; i++) followers.push(stack.use(await Events.open(server, "a?offset=now&live=sse")));
  for (const follower of followers) await follower.until(/upToDate/);
  await until("all wait", () => server.waiting() === 50);
  const before = server.calls.read;
  await server.store.append("a", encode("news"));
  for (const follower of followers) equal((await follower.until(/news[^]*upToDate/))[1].data, "news");
  equal(server.calls.read - before, 1);
});

Deno.test("a follower that leaves frees what it held, and one that stays does not notice", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain");
  await using staying = await Events.open(server, "a?offset=now&live=sse");
  {
    await using _leaving = await Events.open(server, "a?offset=now&live=sse");
    const polling = new AbortController();
    const poll = server.ask("GET", "a?offset=now&live=long-poll", { signal: polling.signal }).catch(() => undefined);
    await until("three wait", () => server.waiting() === 3);
    polling.abort();
    await poll;
  }
  await until("one waits", () => server.waiting() === 1);
  await server.store.append("a", encode("news"));
  await staying.until(/news/);
});

Deno.test("a follower that takes nothing makes the server read no more than its connection holds", async () => {
  await using server = await startServer({ eventBytes: 16 * 1024 });
  await server.make(
    "a",
    "text/plain",
    new Uint8Array(8 * 1024 * 1024).fill(97),
    new Uint8Array(8 * 1024 * 1024).fill(97),
  );
  const leaving = new AbortController();
  const answer = await server.ask("GET", "a?offset=-1&live=sse", { signal: leaving.signal });
  const reader = answer.body!.getReader();
  await reader.read();
  let reads = -1;
  await until("reading has stopped", async () => {
    const before = reads;
    reads = server.calls.read;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return before === reads;
  });
  ok(reads < 800, `${reads} of 1024 pieces were read`);
  leaving.abort();
  await reader.cancel().catch(() => {/* it was aborted */});
});

Deno.test("readers of a stream that is deleted or replaced are cut off", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "old");
  for (
    const end of [
      () => server.store.create("a", { contentType: "text/plain", force: true }),
      () => server.store.delete("a"),
    ]
  ) {
    await using events = await Events.open(server, "a?offset=now&live=sse");
    const poll = status(server.ask("GET", "a?offset=now&live=long-poll"));
    await until("both wait", () => server.waiting() === 2);
    await end();
    equal((await events.end()).at(-1)!.type, "control");
    equal(await poll, 404);
  }
});

Deno.test("live reads end with their time, and when the server stops", async () => {
  const stopping = new AbortController();
  await using server = await startServer({ longPollMs: 50, eventStreamMs: 50, signal: stopping.signal });
  await server.make("a", "text/plain", "x");
  const poll = await server.ask("GET", "a?offset=now&live=long-poll");
  deepEqual(["stream-next-offset", "stream-up-to-date"].map((name) => poll.headers.get(name)), [offset(1), "true"]);
  equal(poll.status, 204);
  {
    await using events = await Events.open(server, "a?offset=now&live=sse");
    equal((await events.end()).length, 1);
  }
  stopping.abort();
  equal(await status(server.ask("GET", "a?offset=now&live=long-poll")), 204);
  await using events = await Events.open(server, "a?offset=-1&live=sse");
  deepEqual((await events.end()).map(({ data }) => data)[0], "x");
});

Deno.test("a long-poll is answered when something comes, or the end", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain");
  const poll = server.ask("GET", "a?offset=now&live=long-poll");
  await until("it waits", () => server.waiting() === 1);
  await server.store.append("a", encode("news"));
  deepEqual(await told(poll), [200, "news"]);
  const last = server.ask("GET", "a?offset=now&live=long-poll");
  await until("it waits", () => server.waiting() === 1);
  await server.store.append("a", new Uint8Array(), { end: "aborted" });
  const answer = await last;
  deepEqual([answer.status, answer.headers.get("stream-closed"), answer.headers.get("x-stream-end")], [
    204,
    "true",
    "aborted",
  ]);
});

Deno.test("a live read begins somewhere, and is of a known kind", async () => {
  await using server = await startServer();
  await server.make("a", "text/plain", "abc");
  for (const query of ["live=sse", "live=long-poll", "live=", "live=true&offset=-1", "offset=-1&offset=-1&live=sse"]) {
    equal(await status(server.ask("GET", `a?${query}`)), 400, query);
  }
  await using events = await Events.open(server, "a?last=1&live=sse");
  equal((await events.until(/upToDate/))[0].data, "c");
});
