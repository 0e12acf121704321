import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Handler } from "../../../src/http/handler.ts";
import type { Operation } from "../../../src/gateway/openapi/operation.ts";
import { operations, readOpenApi } from "../../../src/gateway/openapi/document.ts";
import { validating, type ValidatingOptions } from "../../../src/gateway/openapi/validating.ts";
import { bytesResponse } from "../../../src/http/bytes_response.ts";
import { promiseTrailers } from "../../../src/http/trailers.ts";
import type { LogFields } from "../../../src/log.ts";
import { limits } from "../../../src/limits.ts";
import { listen, type Listening, listenShell } from "../../support/in_process.ts";
import { RawClient } from "../../support/raw_client.ts";
import { readOperation } from "../../support/openapi.ts";
import { until } from "../../support/within.ts";

const petstore = await readOpenApi(fileURLToPath(new URL("files/petstore.yaml", import.meta.url)));

function named(name: string): Operation {
  return operations(petstore).find(({ names }) => names.includes(name))!;
}

/** What the log was told, and options that tell it. */
function options(rest: Partial<ValidatingOptions>): ValidatingOptions & { readonly told: LogFields[] } {
  const told: LogFields[] = [];
  return {
    validateIn: true,
    validateOut: "off",
    log: (_level, _message, fields) => void told.push(fields ?? {}),
    told,
    ...rest,
  };
}

/** Answers with the body and the type that came. */
const echo: Handler = async (request) =>
  new Response(await request.bytes(), {
    headers: { "content-type": request.headers.get("content-type") ?? "text/plain" },
  });

/** Answers each operation of the petstore in the same way. */
function store(answer: Handler, rest: Partial<ValidatingOptions> = {}): Promise<Listening> {
  const all = operations(petstore).map((operation) => ({
    method: operation.method,
    path: new RegExp(`^/api/v3${operation.pattern.replace(/\{\w+\}/g, "[^/]+")}$`),
    handler: validating(answer, operation, options(rest)),
  }));
  return listen((request, info) => {
    const { pathname } = new URL(request.url);
    return all.find(({ method, path }) => method === request.method && path.test(pathname))!.handler(request, info);
  });
}

const pet = { name: "Rex", photoUrls: ["a"], status: "sold", tags: [{ id: 1, name: "good" }] };
const asJson = { "content-type": "application/json" };
const asForm = { "content-type": "application/x-www-form-urlencoded" };

const requests: [line: string, init: RequestInit, status: number, ...told: string[]][] = [
  ["PUT /pet", { body: JSON.stringify(pet), headers: asJson }, 200],
  ["POST /pet", { body: JSON.stringify({ ...pet, name: undefined }), headers: asJson }, 422, "body /name required"],
  ["POST /pet", { body: "name=Rex&photoUrls=a&photoUrls=b&status=sold", headers: asForm }, 200],
  [
    "POST /pet",
    { body: "name=Rex&photoUrls=a&status=gone&id=x", headers: asForm },
    422,
    "body /id type",
    "body /status enum",
  ],
  ["POST /pet", { headers: asJson }, 422, "body  required"],
  ["GET /pet/findByStatus?status=sold", {}, 200],
  ["GET /pet/findByStatus?status=gone", {}, 422, "query /status enum"],
  ["GET /pet/findByStatus", {}, 422, "query /status required"],
  ["GET /pet/findByTags?tags=a&tags=b", {}, 200],
  ["GET /pet/findByTags", {}, 422, "query /tags required"],
  ["GET /pet/7", {}, 200],
  ["GET /pet/seven", {}, 422, "path /petId type"],
  ["POST /pet/7?name=a&status=b", {}, 200],
  ["POST /pet/7.5", {}, 422, "path /petId type"],
  ["DELETE /pet/7", { headers: { api_key: "secret" } }, 200],
  ["POST /pet/7/uploadImage", { body: "\0\xff", headers: { "content-type": "application/octet-stream" } }, 200],
  ["GET /store/inventory", {}, 200],
  [
    "POST /store/order",
    { body: JSON.stringify({ quantity: "3", complete: "yes", shipDate: "soon" }), headers: asJson },
    422,
    "body /complete type",
    "body /quantity type",
    "body /shipDate format",
  ],
  ["POST /store/order", { body: "quantity=3&complete=true", headers: asForm }, 200],
  ["GET /store/order/1", {}, 200],
  ["GET /store/order/x", {}, 422, "path /orderId type"],
  ["DELETE /store/order/1", {}, 200],
  ["POST /user", { body: JSON.stringify({ username: "ada" }), headers: asJson }, 200],
  [
    "POST /user/createWithList",
    { body: JSON.stringify([{ id: 1 }, { id: "1" }]), headers: asJson },
    422,
    "body /1/id type",
  ],
  ["GET /user/login?username=a&password=b", {}, 200],
  ["GET /user/logout", {}, 200],
  ["GET /user/ada", {}, 200],
  ["PUT /user/ada", { body: JSON.stringify({ userStatus: 2 ** 31 }), headers: asJson }, 422, "body /userStatus format"],
  ["DELETE /user/ada", {}, 200],
];

Deno.test("each operation of the petstore takes what it declares, and tells of all that it does not", async () => {
  await using server = await store(() => new Response("done"));
  for (const [line, init, status, ...told] of requests) {
    const [method, path] = line.split(" ");
    const response = await fetch(`${server.url}/api/v3${path}`, { method, ...init });
    const body = await response.text();
    equal(response.status, status, `${line}: ${body}`);
    if (status !== 422) continue;
    equal(response.headers.get("content-type"), "application/problem+json");
    const errors: { in: string; pointer: string; keyword: string; message: string }[] = JSON.parse(body).errors;
    deepEqual(errors.map((one) => `${one.in} ${one.pointer} ${one.keyword}`).sort(), told, line);
    ok(errors.every(({ message }) => message.length > 0));
  }
});

Deno.test("a body that was looked at is given on byte for byte", async () => {
  const text = `{ "name" : "R\\u00e9x",\r\n "photoUrls": [], "id": 1.0e1, "id": 9007199254740993 }  `;
  await using server = await listen(validating(echo, named("addPet"), options({})));
  for (const type of ["application/json", 'Application/JSON; charset="UTF-8"']) {
    for (const body of [text, new Blob([text]).stream()]) {
      const response = await fetch(server.url, { method: "POST", body, headers: { "content-type": type } });
      equal(await response.text(), text);
    }
  }
});

Deno.test("a program reads the body from standard input, however it came", async () => {
  await using program = await listenShell("wc -c; echo $CONTENT_LENGTH", { mode: "plain" });
  await using server = await listen(validating((...all) => program.handler(...all), named("addPet"), options({})));
  const body = JSON.stringify({ ...pet, name: "x".repeat(300_000) });
  const whole = await fetch(`${server.url}/pet`, { method: "POST", body, headers: asJson });
  deepEqual((await whole.text()).trim().split(/\s+/), [`${body.length}`, `${body.length}`]);
});

Deno.test("what is no request for an operation is told so before its program runs", async () => {
  let asked = 0;
  const operation = await readOperation({
    content: { "application/json": { schema: {} }, "image/*": {} },
    responses: { 200: { description: "a", content: { "application/json": {}, "text/csv": {} } } },
  });
  await using server = await listen(validating(() => Response.json(++asked), operation, options({})));
  const post = async (body: BodyInit, type: string, rest: Record<string, string> = {}) => {
    const headers = { ...type ? { "content-type": type } : {}, ...rest };
    const response = await fetch(server.url, { method: "POST", body: new Blob([body as string]), headers });
    await response.body?.cancel();
    return response;
  };
  const unsupported = await post("a", "text/plain");
  equal(unsupported.status, 415);
  equal(unsupported.headers.get("accept"), "application/json, image/*");
  equal((await post("a", "")).status, 415);
  equal((await post("{", "application/json")).status, 400);
  equal((await post("{}", "application/json; charset=utf-16")).status, 415);
  equal((await post("{}", "application/json", { "content-encoding": "gzip" })).status, 415);
  equal((await post("{}", "application/json", { accept: "image/png, text/html;q=0.9" })).status, 406);
  equal((await post("{}", "application/json", { accept: "text/*;q=0" })).status, 406);
  equal((await post(`"${"x".repeat(limits.parsedBodyBytes)}"`, "application/json")).status, 413);
  equal(asked, 0);
  for (const accept of ["*/*", "text/*", "application/json;q=0.1", "image/png, */*;q=0.1"]) {
    equal((await post("{}", "application/json", { accept })).status, 200, accept);
  }
  equal((await post("png", "image/png")).status, 200);
  equal(asked, 5);
});

Deno.test("bytes that are not UTF-8 are no JSON", async () => {
  const operation = await readOperation({ content: { "application/json": { schema: {} } } });
  await using server = await listen(validating(echo, operation, options({})));
  const response = await fetch(server.url, { method: "POST", body: new Uint8Array([34, 255, 34]), headers: asJson });
  equal(response.status, 400);
  match(await response.text(), /UTF-8/);
});

Deno.test("the media range that fits best says what a body has to be", async () => {
  const only = (value: string) => ({ schema: { const: value } });
  const operation = await readOperation({
    content: {
      "*/*": only("any"),
      "application/*": only("application"),
      "application/json": only("json"),
      "application/json; version=2": only("two"),
      "application/vnd.a+json": only("vendor"),
    },
  });
  const handler = validating(echo, operation, options({}));
  await using server = await listen(handler);
  const fits = async (type: string, value: string) => {
    const headers = { "content-type": type };
    const response = await fetch(server.url, { method: "POST", body: JSON.stringify(value), headers });
    await response.body?.cancel();
    return response.status;
  };
  equal(await fits("application/json", "json"), 200);
  equal(await fits("application/json;version=2", "two"), 200);
  equal(await fits("application/json;version=2", "json"), 422);
  equal(await fits("application/vnd.a+json", "vendor"), 200);
  equal(await fits("application/vnd.b+json", "application"), 200);
  equal(await fits("application/problem+json", "json"), 422);
});

Deno.test("forms are values: fields of their types, lists, JSON in a field, files as texts", async () => {
  const schema = {
    type: "object",
    required: ["id", "file"],
    additionalProperties: false,
    properties: {
      id: { type: "integer" },
      tags: { type: "array", items: { type: "string" } },
      list: { type: "array", items: { type: "integer" } },
      address: { type: "object", required: ["city"] },
      file: { type: "string", format: "binary", maxLength: 5 },
    },
  };
  const encoding = { list: { style: "form", explode: false } };
  const operation = await readOperation({
    content: { "multipart/form-data": { schema }, "application/x-www-form-urlencoded": { schema, encoding } },
  });
  await using server = await listen(validating(echo, operation, options({})));
  const told = async (body: FormData | URLSearchParams) => {
    const response = await fetch(server.url, { method: "POST", body });
    const text = await response.text();
    if (response.status === 200) return "fits";
    return JSON.parse(text).errors.map((one: { pointer: string; keyword: string }) => `${one.pointer} ${one.keyword}`)
      .join();
  };
  const form = (entries: [string, string | Blob][]) => {
    const data = new FormData();
    for (const [name, value] of entries) data.append(name, value as string);
    return data;
  };
  const file = new File([new Uint8Array([0, 255, 13, 10, 1])], "a.bin");
  equal(await told(form([["id", "1"], ["tags", "a"], ["address", '{"city":"B"}'], ["file", file]])), "fits");
  equal(
    await told(form([["id", "a"], ["address", "{}"], ["other", "1"]])),
    "/file required,/other additionalProperties,/id type,/address/city required",
  );
  equal(await told(form([["id", "1"], ["file", new File(["123456"], "b")]])), "/file maxLength");
  const pairs = (text: string) => told(new URLSearchParams(text));
  equal(await pairs("id=1&tags=a&tags=b&list=1&file=a&address=%7B%22city%22:1%7D"), "fits");
  equal(await pairs("id=1&list=x&file=a&__proto__=1"), "/__proto__ additionalProperties,/list/0 type");
  const response = await fetch(server.url, {
    method: "POST",
    body: "x",
    headers: { "content-type": "multipart/form-data; boundary=a" },
  });
  equal(response.status, 400);
  await response.body?.cancel();
});

Deno.test("a body that nobody has to look into stays a stream", async () => {
  const operation = await readOperation({
    content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
  });
  const came: number[] = [];
  const handler = validating(
    async (request) => {
      for await (const chunk of request.body!) came.push(chunk.length);
      return new Response(String(came.length));
    },
    operation,
    options({}),
  );
  await using server = await listen(handler);
  using client = await RawClient.connect(server.url);
  await client.send(
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 4\r\n\r\nab",
  );
  await until("the first bytes are there before the last were sent", () => came.length === 1);
  await client.send("cd");
  equal((await client.head()).status, 200);
});

const declared = {
  responses: {
    200: {
      description: "a",
      headers: { "X-Count": { required: true, schema: { type: "integer" } } },
      content: {
        "application/json": { schema: { type: "object", required: ["a"] } },
        "text/event-stream": { schema: { type: "string" } },
      },
    },
    204: { description: "a" },
    "4XX": { description: "a", content: { "text/plain": { schema: { type: "string", maxLength: 3 } } } },
  },
};
const counted = { "x-count": "1" };

const answers: [what: string, make: () => Response, told: string | undefined][] = [
  ["as declared", () => Response.json({ a: 1 }, { headers: counted }), undefined],
  [
    "as bytes that are known",
    () => bytesResponse(new TextEncoder().encode('{"a":1}'), { headers: { ...asJson, ...counted } }),
    undefined,
  ],
  ["without a property", () => Response.json({}, { headers: counted }), "body/a is required"],
  [
    "without one, as bytes that are known",
    () => bytesResponse(new TextEncoder().encode("{}"), { headers: { ...asJson, ...counted } }),
    "body/a is required",
  ],
  ["without a field", () => Response.json({ a: 1 }), "header/x-count is required"],
  [
    "with a bad field",
    () => Response.json({ a: 1 }, { headers: { "x-count": "many" } }),
    "header/x-count must be integer",
  ],
  [
    "that is no JSON",
    () => new Response("{", { headers: { ...asJson, ...counted } }),
    "body The body is not valid JSON",
  ],
  [
    "of another type",
    () => new Response("a", { headers: { ...counted, "content-type": "text/html" } }),
    "header/content-type is of a type that is not declared",
  ],
  [
    "with a status that is not declared",
    () => new Response("a", { status: 201 }),
    "status is 201, which is not declared",
  ],
  ["without a body", () => new Response(null, { status: 204 }), undefined],
  [
    "of a class of statuses",
    () => new Response("abc", { status: 404, headers: { "content-type": "text/plain" } }),
    undefined,
  ],
  [
    "of a class of statuses, too long",
    () => new Response("abcd", { status: 404, headers: { "content-type": "text/plain" } }),
    "body must NOT have more than 3 characters",
  ],
  [
    "that tells of a failure itself",
    () => new Response("{}", { status: 503, headers: { "content-type": "application/problem+json" } }),
    undefined,
  ],
  [
    "that is too large",
    () => Response.json({ a: "x".repeat(9 * 1024 * 1024) }, { headers: counted }),
    "body is too large to be checked",
  ],
];

for (const [what, make, told] of answers) {
  Deno.test(`an answer ${what} is ${told ? "refused, and the log is told" : "let through"}`, async () => {
    const operation = await readOperation(declared);
    for (const dev of [false, true]) {
      const strict = options({ validateOut: "strict", dev });
      await using server = await listen(validating(make, operation, strict));
      const response = await fetch(server.url, { method: "POST" });
      const body = await response.text();
      equal(response.status, told ? 502 : make().status);
      deepEqual(strict.told.map(({ violations }) => violations), told ? [told] : []);
      if (told) equal(/errors/.test(body), dev);
    }
  });
  Deno.test(`an answer ${what} comes whole where the log is ${told ? "told" : "not told"} of it only`, async () => {
    const logged = options({ validateOut: "log" });
    await using server = await listen(validating(make, await readOperation(declared), logged));
    const response = await fetch(server.url, { method: "POST" });
    equal(response.status, make().status);
    equal(await response.text(), await make().text());
    const expected = told && !told.includes("too large") ? [told] : [];
    await until("the log is told", () => logged.told.length === expected.length);
    deepEqual(logged.told.map(({ violations }) => violations), expected);
  });
}

Deno.test("a stream of events is let through as it comes, in every mode", async () => {
  for (const validateOut of ["strict", "log"] as const) {
    const more = Promise.withResolvers<void>();
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
        await more.promise;
        controller.close();
      },
    }, { highWaterMark: 0 });
    const headers = { ...counted, "content-type": "text/event-stream" };
    const operation = await readOperation(declared);
    const set = options({ validateOut });
    await using server = await listen(validating(() => new Response(stream, { headers }), operation, set));
    const response = await fetch(server.url, { method: "POST" });
    const reader = response.body!.getReader();
    equal(new TextDecoder().decode((await reader.read()).value), "data: 1\n\n");
    more.resolve();
    equal((await reader.read()).done, true);
    deepEqual(set.told, []);
  }
});

Deno.test("an answer to HEAD is held against all but its body, and one that was held keeps its trailers", async () => {
  const operation = await readOperation(declared);
  const strict = options({ validateOut: "strict" });
  const handler = validating(
    (request) => {
      const body = request.method === "HEAD" ? null : '{"a":1}';
      const response = new Response(body && new Blob([body]).stream(), { headers: { ...asJson, ...counted } });
      promiseTrailers(response, Promise.resolve(new Headers({ "x-end": "1" })));
      response.headers.set("trailer", "x-end");
      return response;
    },
    operation,
    strict,
  );
  await using server = await listen(handler);
  equal((await fetch(server.url, { method: "HEAD" })).status, 200);
  using client = await RawClient.connect(server.url);
  await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  match(await client.rest(), /x-end: 1/);
  deepEqual(strict.told, []);
});

Deno.test("a program that fails before its answer is whole is answered as itself", async () => {
  const stream = () => new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) });
  const answer = () => new Response(stream(), { headers: { ...asJson, ...counted } });
  const operation = await readOperation(declared);
  await using strict = await listen(validating(answer, operation, options({ validateOut: "strict" })));
  const response = await fetch(strict.url, { method: "POST" });
  equal(response.status, 500);
  await response.body?.cancel();
  await using logged = await listen(validating(answer, operation, options({ validateOut: "log" })));
  const broken = await fetch(logged.url, { method: "POST" }).then((response) => response.text()).catch(() => "broken");
  equal(broken, "broken");
});

Deno.test("schemas are compiled ahead on demand", async () => {
  const handler = validating(
    echo,
    await readOperation({ content: { "application/json": { schema: { type: "integer" } } } }),
    options({ validateOut: "strict" }),
  );
  handler.prepare();
  handler.prepare();
  equal((await handler(new Request("http://h/a", { method: "POST", body: '"a"', headers: asJson }))).status, 422);
});
