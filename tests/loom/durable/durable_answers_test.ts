import { deepEqual, equal, match } from "node:assert/strict";
import { durableHandler } from "../../../src/loom/durable/durable_handler.ts";
import { openMemoryLoom } from "../../../src/loom/open_loom.ts";
import { StreamError, type StreamErrorCode, type StreamErrorDetails } from "../../../src/loom/stream_error.ts";
import { streamProblem } from "../../../src/loom/durable/stream_answers.ts";
import { offset, startServer } from "./conformance/durable_server.ts";

const url = "http://127.0.0.1/v1/stream/a";

/** Status, fields of the protocol, and document of the answer to a refusal. */
async function answerTo(code: StreamErrorCode, details: StreamErrorDetails = {}, received?: string) {
  const response = streamProblem(new StreamError(code, "said", details), { received });
  const fields = [...response.headers].filter(([name]) => /^(stream|producer)-|^retry/.test(name));
  return [response.status, Object.fromEntries(fields), (await response.json()).detail];
}

Deno.test("streamProblem() says in the protocol's words what was refused", async () => {
  deepEqual(await answerTo("not-found"), [404, {}, "said"]);
  deepEqual(await answerTo("closed", { tail: 3, closed: true }), [
    409,
    { "stream-closed": "true", "stream-next-offset": offset(3) },
    "said",
  ]);
  deepEqual(await answerTo("stale-epoch", { epoch: 4 }), [403, { "producer-epoch": "4" }, "said"]);
  deepEqual(await answerTo("sequence-gap", { expected: 4 }, "7"), [
    409,
    { "producer-expected-seq": "4", "producer-received-seq": "7" },
    "said",
  ]);
  deepEqual(await answerTo("moved", { tail: 3 }), [412, { "stream-next-offset": offset(3) }, "said"]);
  deepEqual((await answerTo("full"))[0], 507);
});

Deno.test("streamProblem() keeps inner messages of the storage from clients", async () => {
  for (const code of ["corrupt", "storage", "stopped"] as const) {
    const [, fields, detail] = await answerTo(code);
    match(String(detail), /^(What is stored|The server)/);
    deepEqual(fields, code === "corrupt" ? {} : { "retry-after": "1" });
  }
});

Deno.test("every answer, refusals too, tells browsers how to treat it", async () => {
  await using server = await startServer();
  await server.make("a", "text/html", "<script>");
  const asks = [["GET", "a"], ["HEAD", "a"], ["GET", "b"], ["PUT", "a//b"], ["PATCH", "a"], ["OPTIONS", "a"], [
    "GET",
    "",
  ]];
  for (const [method, path] of [...asks, ["POST", "a"], ["GET", "a?live=sse&offset=now"], ["DELETE", "a"]]) {
    const { headers, body } = await server.ask(method, path);
    await body?.cancel();
    const fields = ["x-content-type-options", "cross-origin-resource-policy", "access-control-allow-origin"];
    deepEqual(fields.map((name) => headers.get(name)), ["nosniff", "cross-origin", "*"], `${method} ${path}`);
    equal(headers.get("access-control-expose-headers"), "*");
  }
});

Deno.test("content that a browser would run is no page of the server, and text keeps its origin", async () => {
  await using server = await startServer();
  for (const [type, guard] of [["text/html", "sandbox"], ["image/svg+xml", "sandbox"], ["text/plain", null]] as const) {
    await server.make(type, type, "<script>");
    const { headers, body } = await server.ask("GET", type);
    await body?.cancel();
    equal(headers.get("content-security-policy"), guard, type);
  }
});

Deno.test("a preflight allows what the protocol sends", async () => {
  await using server = await startServer({ allowOrigin: "https://app.example" });
  const { headers, status } = await server.ask("OPTIONS", "a");
  equal(status, 204);
  equal(headers.get("access-control-allow-origin"), "https://app.example");
  for (const name of ["If-None-Match", "If-Match", "Stream-Seq", "Producer-Id", "Authorization", "Last-Event-ID"]) {
    match(headers.get("access-control-allow-headers")!, new RegExp(`\\b${name}\\b`));
  }
  match(headers.get("access-control-allow-methods")!, /PUT, POST, DELETE/);
});

Deno.test("the operator is told of failures that are the server's, and of no others", async () => {
  await using store = await openMemoryLoom();
  const told: string[] = [];
  const failing = (error: unknown) => {
    const broken = Object.assign(Object.create(store), {
      head: () => {
        throw error;
      },
    });
    return durableHandler(broken, {
      log: (level, message, fields) => told.push(`${level} ${message} ${fields?.error}`),
    });
  };
  const refused = await failing(new StreamError("not-found", "no"))(new Request(url));
  equal(refused.status, 404);
  deepEqual(told, []);
  const corrupt = await failing(new StreamError("corrupt", "segment 3 of /data"))(new Request(url));
  deepEqual([corrupt.status, /segment/.test(await corrupt.text())], [500, false]);
  const broken = await failing(new Error("secret"))(new Request(url));
  deepEqual([broken.status, /secret/.test(await broken.text())], [500, false]);
  equal(broken.headers.get("x-content-type-options"), "nosniff");
  deepEqual(told.map((line) => /segment 3|secret/.test(line)), [true, true]);
});
