/** What it costs to hold a request of 2 KB against an OpenAPI document, without a socket: time of a request, and of a start. */

import { join } from "node:path";
import { operations, readOpenApi } from "../../src/gateway/openapi/document.ts";
import { validating } from "../../src/gateway/openapi/validating.ts";
import type { Handler } from "../../src/http/handler.ts";
import { KnownBody } from "../../src/http/received_body.ts";
import { type Received, servedRequest } from "../../src/http/served_request.ts";
import { silent } from "../../src/log.ts";

const DOCUMENT = `
openapi: 3.1.0
info: { title: Orders, version: "1" }
paths:
  /orders/{id}:
    post:
      operationId: order
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer, minimum: 1 } }
        - { name: fields, in: query, schema: { type: array, items: { type: string, pattern: "^[a-z]+$" } } }
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } }
      responses: { "200": { description: Done } }
components:
  schemas:
    Order:
      type: object
      additionalProperties: false
      required: [id, customer, lines]
      properties:
        id: { type: string, format: uuid }
        at: { type: string, format: date-time }
        customer: { type: object, required: [email], properties: { email: { type: string, format: email } } }
        lines: { type: array, minItems: 1, items: { $ref: "#/components/schemas/Line" } }
    Line:
      type: object
      required: [sku, count]
      properties:
        sku: { type: string, pattern: "^[A-Z]{3}-[0-9]+$" }
        count: { type: integer, minimum: 1 }
        price: { type: number, minimum: 0 }
        state: { enum: [new, paid, sent] }
        note: { type: [string, "null"], maxLength: 200 }
`;

const line = (index: number) => ({
  sku: `ABC-${index}`,
  count: index + 1,
  price: 9.99,
  state: "paid",
  note: index % 2 ? null : "as a gift, please, in blue paper",
});
const BODY = JSON.stringify({
  id: "123e4567-e89b-12d3-a456-426614174000",
  at: "2026-01-31T12:00:00Z",
  customer: { email: "ada@example.com" },
  lines: Array.from({ length: 20 }, (_, index) => line(index)),
});

const headers = { "content-type": "application/json" };
const url = "http://localhost/orders/42?fields=name&fields=price";
const bytes = new TextEncoder().encode(BODY);
const incoming = {
  method: "POST",
  headers: { ...headers, "content-length": String(bytes.byteLength) },
  rawHeaders: [],
};
const answer = new Response(null);

/** A request as our own server makes it, with its body here already. */
function makeRequest(): Request {
  const received = { incoming, outgoing: {}, url, body: new KnownBody(bytes) };
  return servedRequest(received as unknown as Received);
}

const readAll: Handler = async (request) => {
  await request.bytes();
  return answer;
};

/** Microseconds of a request, at the median of several rounds. */
async function measure(handler: Handler): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 15; round++) {
    const count = 2000;
    const started = performance.now();
    for (let index = 0; index < count; index++) await handler(makeRequest());
    rounds.push((performance.now() - started) * 1000 / count);
  }
  return rounds.sort((a, b) => a - b)[7];
}

const folder = await Deno.makeTempDir();
const path = join(folder, "orders.yaml");
await Deno.writeTextFile(path, DOCUMENT);
const started = performance.now();
const document = await readOpenApi(path);
const read = performance.now() - started;
const checked = validating(readAll, operations(document)[0], { validateIn: true, validateOut: "off", log: silent });
const before = performance.now();
checked.prepare();
const compiled = performance.now() - before;
const plain = await measure(readAll);
const whole = await measure(checked);
console.log(`body ${BODY.length} bytes; document read in ${read.toFixed(0)} ms, compiled in ${compiled.toFixed(0)} ms`);
console.log(
  `a request: ${plain.toFixed(1)} µs, with its check ${whole.toFixed(1)} µs: ${(whole - plain).toFixed(1)} µs more`,
);
await Deno.remove(folder, { recursive: true });
