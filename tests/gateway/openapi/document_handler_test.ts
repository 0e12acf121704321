import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { docsPage } from "../../../src/gateway/openapi/docs_page.ts";
import { readOpenApi } from "../../../src/gateway/openapi/document.ts";
import { documentHandler } from "../../../src/gateway/openapi/document_handler.ts";
import { makeFolder } from "../../support/folder.ts";
import { listen } from "../../support/in_process.ts";
import { oneOperation, readDocument } from "../../support/openapi.ts";

Deno.test("the document is served as JSON, with the server that answers, and not sent again to who has it", async () => {
  const document = await readDocument(`openapi: 3.0.3
servers: [{ url: https://elsewhere.example/ }]
info: { title: a, version: "1" }
paths:
  /a:
    servers: [{ url: https://other.example/ }]
    get: { responses: { default: { description: a } } }
components: { schemas: { A: { properties: { servers: { type: array, items: {} } }, example: { servers: [1] } } } }
`);
  await using server = await listen(documentHandler(document, { base: "/v1" }));
  const response = await fetch(server.url);
  equal(response.headers.get("content-type"), "application/json");
  deepEqual(await response.json(), {
    openapi: "3.0.3",
    info: { title: "a", version: "1" },
    servers: [{ url: "/v1" }],
    paths: { "/a": { get: { responses: { default: { description: "a" } } } } },
    components: {
      schemas: { A: { properties: { servers: { type: "array", items: {} } }, example: { servers: [1] } } },
    },
  });
  const again = await fetch(server.url, { headers: { "if-none-match": response.headers.get("etag")! } });
  equal(again.status, 304);
  const head = await fetch(server.url, { method: "HEAD" });
  equal(Number(head.headers.get("content-length")) > 100, true);
  equal((await fetch(server.url, { method: "POST" }).then(async (one) => [one.status, await one.text()]))[0], 405);
});

Deno.test("files beside a document are in the one that is served, and references lead to them", async () => {
  const text = oneOperation({ content: { "application/json": { schema: { $ref: "more/a b.yaml#/A" } } } });
  await using folder = await makeFolder({ "api.yaml": text });
  await Deno.mkdir(folder.file("more"));
  await Deno.writeTextFile(
    folder.file("more/a b.yaml"),
    `A: { type: array, items: { $ref: "#/A" }, default: { $ref: not } }\n`,
  );
  const served = await documentHandler(await readOpenApi(folder.file("api.yaml")), { base: "" })(
    new Request("http://h/"),
  );
  const json = await served.json();
  equal(json.servers[0].url, "/");
  const ref = "#/x-files/more~1a%20b.yaml/A";
  equal(json.paths["/a"].post.requestBody.content["application/json"].schema.$ref, ref);
  deepEqual(json["x-files"]["more/a b.yaml"].A, { type: "array", items: { $ref: ref }, default: { $ref: "not" } });
  await using again = await makeFolder({ "api.json": JSON.stringify(json) });
  equal((await readOpenApi(again.file("api.json"))).operations.length, 1);
});

const nasty = `<script>alert(1)</script>"'&\0origin\0`;

Deno.test("the page for people shows operations and schemas, and is one document that runs nothing", async () => {
  const document = await readDocument(`openapi: 3.1.0
info: { title: ${JSON.stringify(nasty.replaceAll("\0", ""))}, version: "1", description: "Of orders" }
paths:
  /orders/{id}:
    post:
      summary: Change it
      parameters:
        - { name: id, in: path, required: true, description: The order, schema: { type: integer, example: 42 } }
        - { name: full, in: query, required: true, schema: { type: boolean } }
        - { name: X-Why, in: header, required: true, schema: { type: string, example: "it's so" } }
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: { "200": { description: Changed, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
components: { schemas: { Order: { type: object, properties: { "<b>": { type: string } } } } }
`);
  await using server = await listen(docsPage(document, { base: "/v1", documentPath: "/openapi.json" }));
  const response = await fetch(server.url);
  const page = await response.text();
  equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  for (const text of ["Of orders", "Change it", "The order", "/v1/orders/{id}", "Changed", 'href="/openapi.json"']) {
    ok(page.includes(text), text);
  }
  ok(!page.includes("<script") && !page.includes('<b>"') && !/ on\w+=/.test(page));
  ok(!/(?:src|href)="(?!\/openapi\.json)/.test(page) && !/@import|url\(/.test(page));
  const line =
    `curl -X POST -H 'X-Why: it'\\''s so' -H 'Content-Type: application/json' --data '{"<b>":"example"}' '${server.url}/v1/orders/42?full=true'`;
  ok(unescaped(page).includes(line), unescaped(page));
  const policy = response.headers.get("content-security-policy")!;
  match(policy, /^default-src 'none'; style-src 'sha256-/);
  const style = /<style>([^]*?)<\/style>/.exec(page)![1];
  ok(policy.includes(`'sha256-${createHash("sha256").update(style).digest("base64")}'`));
});

function unescaped(text: string): string {
  const entities: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity]);
}

Deno.test("a document that holds itself has a page", async () => {
  const document = await readDocument(oneOperation({
    content: { "application/json": { schema: { $ref: "#/components/schemas/Node" } } },
    schemas: {
      Node: { type: "object", required: ["next"], properties: { next: { $ref: "#/components/schemas/Node" } } },
    },
  }));
  const response = await docsPage(document, { base: "" })(new Request("http://h/docs"));
  match(await response.text(), /Node/);
});
