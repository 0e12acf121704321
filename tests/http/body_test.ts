import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { HttpError } from "../../src/errors.ts";
import { Budget } from "../../src/http/budget.ts";
import { type Body, type BodyOptions, readBody } from "../../src/http/body.ts";
import { limits } from "../../src/limits.ts";
import { readAll } from "../support/sources.ts";

const decoder = new TextDecoder();

const options: BodyOptions = {
  signal: new AbortController().signal,
  timeoutMs: 0,
  memory: new Budget(Infinity).claim(),
  files: new Budget(Infinity).claim(),
  parse: "all",
  bodyBytes: Infinity,
  parsedBodyBytes: 1000,
  formFilesBytes: 1000,
  directory: () => Promise.reject(new Error("no file is to be written here")),
};

/** A request with a body of these pieces, and whether the body was cancelled. */
function post(
  type: string | undefined,
  pieces: readonly (string | Uint8Array)[],
  headers: Record<string, string> = {},
) {
  const state = { cancelled: false, read: 0 };
  const left = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) return controller.close();
      state.read++;
      controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    },
    cancel: () => void (state.cancelled = true),
  }, { highWaterMark: 0 });
  const request = new Request("http://localhost/", {
    method: "POST",
    body,
    headers: { ...headers, ...type === undefined ? {} : { "content-type": type } },
    duplex: "half",
  } as RequestInit);
  return { request, state };
}

/** What a request's body became, its content as text. */
async function read(request: Request, more: Partial<BodyOptions> = {}) {
  const body = await readBody(request, { ...options, ...more });
  return {
    content: await text(body.content),
    inMemory: body.content === undefined || body.content instanceof Uint8Array,
    fields: Object.fromEntries(Object.entries(body.fields)),
    files: Object.keys(body.files),
    json: body.json,
  };
}

async function text(content: Body["content"]): Promise<string | undefined> {
  if (content === undefined) return undefined;
  return decoder.decode(content instanceof Uint8Array ? content : await readAll(content));
}

function answers(status: number): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof HttpError, String(error));
    equal(error.status, status, error.message);
    return true;
  };
}

const nothing = { fields: {}, files: [], json: null };

Deno.test("readBody() knows requests without a body", async () => {
  const none = { ...nothing, content: undefined, inMemory: true };
  deepEqual(await read(new Request("http://localhost/")), none);
  deepEqual(await read(new Request("http://localhost/", { headers: { "content-type": "application/json" } })), none);
});

Deno.test("readBody() takes a JSON object for fields, and keeps its bytes", async () => {
  const json = '{"name": "Ada", "n": 2, "list": [1], "__proto__": "p"}';
  for (
    const type of [
      "application/json",
      "Application/JSON; charset=UTF-8",
      "application/problem+json",
      "application/vnd.x+json;a=b",
    ]
  ) {
    const { request } = post(type, [json.slice(0, 9), json.slice(9)]);
    deepEqual(await read(request), { ...nothing, content: json, inMemory: true, fields: JSON.parse(json) });
  }
});

Deno.test("readBody() gives JSON that is no object as it is", async () => {
  for (const json of ["[1,2]", '"text"', "1.5", "true", "null", "[]"]) {
    deepEqual((await read(post("application/json", [json]).request)).json, JSON.parse(json));
  }
});

Deno.test("readBody() takes JSON without a byte for none", async () => {
  for (const empty of ["", " \n"]) {
    deepEqual(await read(post("application/json", [empty]).request), { ...nothing, content: empty, inMemory: true });
  }
});

Deno.test("readBody() refuses what is no JSON with 400", async () => {
  for (const wrong of ["{", "{'a': 1}", "undefined", '{"a": 1}}', "NaN", '{"a": "\u0001"}', "\ufeff\ufeff{}"]) {
    await rejects(read(post("application/json", [wrong]).request), answers(400), wrong);
  }
});

Deno.test("readBody() refuses JSON that nests too deep, however deep", async () => {
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  ok((await read(post("application/json", [nested(128)]).request)).json);
  for (const levels of [130, 1000, 100_000]) {
    const { request } = post("application/json", [nested(levels)]);
    await rejects(read(request, { parsedBodyBytes: 1 << 20 }), answers(400), `${levels} levels`);
  }
  const objects = '{"a":'.repeat(1000) + "1" + "}".repeat(1000);
  await rejects(read(post("application/json", [objects]).request, { parsedBodyBytes: 1 << 20 }), answers(400));
});

Deno.test("readBody() takes a form apart, and keeps its bytes", async () => {
  const form = "name=Ada+L&name=B&x=%C3%BC%26&empty=&__proto__=p&noequals";
  const body = await read(post("application/x-www-form-urlencoded;charset=utf-8", [form]).request);
  const fields = JSON.parse('{"name": ["Ada L", "B"], "x": "ü&", "empty": "", "__proto__": "p", "noequals": ""}');
  deepEqual(body, { ...nothing, content: form, inMemory: true, fields });
});

Deno.test("readBody() refuses a form with too many fields with 400", async () => {
  const form = "a=1&".repeat(limits.parameters + 1);
  const { request } = post("application/x-www-form-urlencoded", [form]);
  await rejects(read(request, { parsedBodyBytes: 1 << 20 }), answers(400));
});

Deno.test("readBody() parses UTF-8 alone", async () => {
  const latin1 = Uint8Array.of(0x22, 0xfc, 0x22);
  await rejects(read(post("application/json", [latin1]).request), answers(400));
  for (const charset of ["iso-8859-1", '"utf-16"', "nonsense"]) {
    await rejects(read(post(`application/json; charset=${charset}`, ["{}"]).request), answers(415), charset);
  }
  for (const charset of ["utf-8", '"UTF-8"', "utf8", "us-ascii"]) {
    deepEqual((await read(post(`application/json; charset=${charset}`, ['{"a":1}']).request)).fields, { a: 1 });
  }
});

Deno.test("readBody() does not parse a body in a coding", async () => {
  await rejects(read(post("application/json", ["{}"], { "content-encoding": "gzip" }).request), answers(415));
  deepEqual((await read(post("application/json", ['{"a":1}'], { "content-encoding": "Identity" }).request)).fields, {
    a: 1,
  });
  const { request } = post("application/json", ["{}"], { "content-encoding": "gzip" });
  deepEqual(await read(request, { parse: "small" }), { ...nothing, content: "{}", inMemory: false });
});

Deno.test("readBody() leaves other types and none as streams", async () => {
  for (
    const type of [
      "text/plain",
      "application/octet-stream",
      "application/jsonx",
      "text/json",
      "application/a/b+json",
      "multipart/mixed",
      undefined,
    ]
  ) {
    const { request, state } = post(type, ['{"a":1}', "more"]);
    const body = await readBody(request, options);
    equal(state.read, 0, `${type}: it was read before anyone asked`);
    equal(await text(body.content), '{"a":1}more');
    deepEqual(Object.keys(body.fields), []);
  }
});

Deno.test("readBody() leaves every body a stream where nothing is to be parsed", async () => {
  for (const type of ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    const { request, state } = post(type, ["not ", "parsed"]);
    const body = await readBody(request, { ...options, parse: "none" });
    equal(state.read, 0);
    equal(await text(body.content), "not parsed");
  }
});

Deno.test("readBody() leaves a multipart form a stream where only small bodies are parsed", async () => {
  const { request, state } = post("multipart/form-data; boundary=x", ["not ", "parsed"]);
  const body = await readBody(request, { ...options, parse: "small" });
  equal(state.read, 0);
  equal(await text(body.content), "not parsed");
});

Deno.test("readBody() parses up to its bound; above it is 413, or a stream of all where only small bodies are parsed", async () => {
  const json = (bytes: number) => JSON.stringify({ a: "x".repeat(bytes - '{"a":""}'.length) });
  const pieces = (text: string) => [text.slice(0, 300), text.slice(300, 900), text.slice(900)];
  equal((await read(post("application/json", pieces(json(1000))).request)).inMemory, true);
  const { request, state } = post("application/json", pieces(json(1001)));
  await rejects(read(request), answers(413));
  equal(state.cancelled, true);
  for (const [bytes, inMemory] of [[1000, true], [1001, false]] as const) {
    const announced = post("application/json", pieces(json(bytes)), { "content-length": String(bytes) });
    const small = await read(announced.request, { parse: "small" });
    deepEqual([small.content, small.inMemory], [json(bytes), inMemory]);
  }
});

Deno.test("readBody() streams a small body of unknown length where only small bodies are parsed", async () => {
  const small = await read(post("application/json", ["{}"]).request, { parse: "small" });
  deepEqual(small, { ...nothing, content: "{}", inMemory: false });
});

Deno.test("readBody() leaves what it can't parse to the program where only small bodies are parsed", async () => {
  const tooMany = "a&".repeat(limits.parameters + 1);
  for (const [type, text] of [["application/json", '{"a":'], ["application/x-www-form-urlencoded", tooMany]]) {
    const { request } = post(type, [text], { "content-length": String(text.length) });
    const small = await read(request, { parse: "small", parsedBodyBytes: 100_000 });
    deepEqual(small, { ...nothing, content: text, inMemory: true });
  }
});

Deno.test("readBody() gives up a body that has to be parsed when the time is up, with 408", async () => {
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(1)) });
  const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/json" } };
  await rejects(read(new Request("http://localhost/", init as RequestInit), { timeoutMs: 50 }), answers(408));
});

Deno.test("readBody() refuses with 503 what would hold more memory than all requests together may", async () => {
  const budget = new Budget(10);
  using first = budget.claim();
  await read(post("application/json", ['"1234"']).request, { memory: first });
  await rejects(read(post("application/json", ['"1234"']).request, { memory: budget.claim() }), answers(503));
  first[Symbol.dispose]();
  await read(post("application/json", ['"1234"']).request, { memory: budget.claim() });
});

Deno.test("readBody() refuses a body that announces to be too large, before it is read", async () => {
  for (const type of ["application/json", "text/plain", "multipart/form-data; boundary=x"]) {
    const { request, state } = post(type, ["{}"], { "content-length": "5001" });
    await rejects(read(request, { bodyBytes: 5000 }), answers(413));
    equal(state.read, 0);
  }
});

Deno.test("readBody() breaks off a body that turns out too large, wherever it goes", async () => {
  const pieces = Array.from({ length: 100 }, () => "x".repeat(100));
  for (const parse of ["all", "small", "none"] as const) {
    for (const type of ["text/plain", "application/json"]) {
      const { request, state } = post(type, pieces);
      await rejects(read(request, { parse, bodyBytes: 500, parsedBodyBytes: 5000 }), answers(413), `${parse} ${type}`);
      equal(state.cancelled, true);
      ok(state.read <= 7, `${state.read} pieces were read`);
    }
  }
  equal((await read(post("text/plain", ["x".repeat(500)]).request, { bodyBytes: 500 })).content?.length, 500);
});

Deno.test("readBody() passes on that the body broke", async () => {
  const broken = () =>
    new Request("http://localhost/", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) }),
      duplex: "half",
    } as RequestInit);
  await rejects(
    read(broken()),
    (error: HttpError) => (error.cause as Error).message === "reset" && error.status === 400,
  );
  await rejects(read(broken(), { parse: "none" }), { message: "reset" });
});

Deno.test("readBody() hands cancelling on to the body", async () => {
  const { request, state } = post("text/plain", ["x"]);
  const { content } = await readBody(request, { ...options, bodyBytes: 100 });
  ok(content && !(content instanceof Uint8Array));
  content.cancel();
  equal(state.cancelled, true);
});
