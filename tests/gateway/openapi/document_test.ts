import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { operations, readOpenApi, serverBase } from "../../../src/gateway/openapi/document.ts";
import { makeFolder } from "../../support/folder.ts";
import { jsonRequest, oneOperation, readDocument, readOperation, refusal } from "../../support/openapi.ts";
import { validateRequest } from "../../../src/gateway/openapi/request_check.ts";

const petstore = fileURLToPath(new URL("files/petstore.yaml", import.meta.url));

Deno.test("the petstore document has all of its operations, with routes and names", async () => {
  const document = await readOpenApi(petstore);
  equal(document.version, "3.0");
  equal(serverBase(document), "/api/v3");
  const named = operations(document).map(({ method, pattern, operationId }) => `${method} ${pattern} ${operationId}`);
  equal(named.length, 19);
  deepEqual(named.filter((name) => name.includes("/pet/{petId}")), [
    "GET /pet/{petId} getPetById",
    "POST /pet/{petId} updatePetWithForm",
    "DELETE /pet/{petId} deletePet",
    "POST /pet/{petId}/uploadImage uploadFile",
  ]);
  deepEqual(operations(document)[0].names, ["updatePet", "PUT /pet"]);
});

Deno.test("the base is the path of the first server, with its variables", async () => {
  const base = async (server: unknown) =>
    serverBase(
      await readDocument(JSON.stringify({ ...JSON.parse(oneOperation({})), servers: server ? [server] : undefined })),
    );
  equal(await base(undefined), "");
  equal(await base({ url: "https://example.com/v1/" }), "/v1");
  equal(await base({ url: "https://example.com/{v}", variables: { v: { default: "v2" } } }), "/v2");
  equal(await base({ url: "/" }), "");
});

Deno.test("what is no document of OpenAPI 3.0 or 3.1 is refused with what it is", async () => {
  const info = "\ninfo: { title: a, version: '1' }\npaths: {}\n";
  match(
    await refusal(`swagger: "2.0"${info}`),
    /^Cannot use api\.yaml:1: the document: it is of Swagger 2\.0.*convert/,
  );
  match(await refusal(`info: {}\nopenapi: 4.0.0`), /^Cannot use api\.yaml:2: \/openapi: OpenAPI 4\.0\.0 is not read/);
  match(await refusal(`openapi: 3.1`), /no member "openapi" with a text/);
  match(await refusal(`[]`), /is no object/);
  match(await refusal(`a: [`), /^Cannot use api\.yaml: .*at line 1/);
  match(await refusal(`a: 1\na: 2`), /^Cannot use api\.yaml: .*unique.*at line 2/);
  await rejects(readOpenApi("/nowhere/api.yaml"), Deno.errors.NotFound);
});

Deno.test("what the specification does not allow is named with file, line and place", async () => {
  const said = await refusal(`openapi: 3.0.3
info: { title: a, version: "1" }
paths:
  /a:
    get:
      responses:
        "200": {}
`);
  equal(said, "Cannot use api.yaml:7: /paths/~1a/get/responses/200: must have required property 'description'");
});

Deno.test("errors in what the published schema does not know of are named in the same way", async () => {
  const path = (path: string, rest = "") =>
    refusal(`openapi: 3.1.0
info: { title: a, version: "1" }
paths:
  ${path}:
    get:
      operationId: one
      responses: { "200": { description: a } }
${rest}`);
  match(await path("/a.{b}"), /^Cannot use api\.yaml:\d+: \/paths\/~1a\.\{b\}: a parameter is a whole piece/);
  match(await path("/{a}/{a}"), /two parameters a/);
  match(await path("/:a"), /no route can have the piece ":a"/);
  match(
    await path("/{a}", "  /{b}:\n    get: { responses: { default: { description: a } } }"),
    /it is the same as the path \/\{a\}/,
  );
  match(
    await path("/a", "  /b:\n    get: { operationId: one, responses: { default: { description: a } } }"),
    /another operation is one too/,
  );
});

Deno.test("a parameter whose name no route can have gets another one in the pattern, and is still checked", async () => {
  const operation = await readOperation({
    path: "/pets/{pet-id}",
    parameters: [{ name: "pet-id", in: "path", required: true, schema: { type: "integer" } }],
  });
  equal(operation.pattern, "/pets/{pet_id}");
  const check = validateRequest(operation);
  const { violations } = await check(new Request("http://localhost/v1/pets/x", { method: "POST" }));
  deepEqual(violations.map(({ pointer }) => pointer), ["/pet-id"]);
});

Deno.test("references lead to files beside the document and below, and through them to each other", async () => {
  const text = (ref: string) =>
    `openapi: 3.0.3
info: { title: a, version: "1" }
paths:
  /a: { $ref: "${ref}" }
`;
  await using folder = await makeFolder({ "api.yaml": text("parts/paths.yaml#/a") });
  await Deno.mkdir(folder.file("parts/deep"), { recursive: true });
  await Deno.writeTextFile(
    folder.file("parts/paths.yaml"),
    `a:
  post:
    requestBody:
      content: { application/json: { schema: { $ref: deep/tree.json } } }
    responses: { "200": { description: a } }
`,
  );
  await Deno.writeTextFile(
    folder.file("parts/deep/tree.json"),
    `{ "type": "object", "properties": { "name": { "$ref": "../../names%20here.yml#/a~1b" }, "next": { "$ref": "#" } } }`,
  );
  await Deno.writeTextFile(folder.file("names here.yml"), `a/b: { type: string }\n`);
  const check = validateRequest((await readOpenApi(folder.file("api.yaml"))).operations[0]);
  const { violations } = await check(jsonRequest({ name: "a", next: { name: "b", next: { name: 1 } } }));
  deepEqual(violations.map(({ pointer, keyword }) => [pointer, keyword]), [["/next/next/name", "type"]]);
});

Deno.test("references that lead out of the folder, to the network or to nothing are refused", async () => {
  const body = (ref: string) => oneOperation({ content: { "application/json": { schema: { $ref: ref } } } });
  const place = "/paths/~1a/post/requestBody/content/application~1json/schema";
  const outside = await Deno.makeTempFile({ suffix: ".yaml" });
  await using folder = await makeFolder({ "api.yaml": body("link.yaml") });
  await Deno.symlink(outside, folder.file("link.yaml"));
  await rejects(readOpenApi(folder.file("api.yaml")), /"link\.yaml" leads out of the document's folder/);
  await Deno.remove(outside);
  match(await refusal(body("../../../../../../etc/hostname")), /leads out of|no file/);
  for (const ref of ["http://127.0.0.1:1/a.yaml", "file:///etc/passwd", "/etc/passwd", "//host/a.yaml"]) {
    match(await refusal(body(ref)), /is not beside the document/);
  }
  match(await refusal(body("#/nowhere")), new RegExp(`^Cannot use api\\.yaml:1: ${place}: .*leads to nothing$`));
  match(await refusal(body("other.yaml")), /there is no file other\.yaml/);
  match(await refusal(body("%ff.yaml")), /percent-encoded/);
  match(await refusal(body("other.txt"), { "other.txt": "a: 1" }), /its name ends in none of/);
  match(
    await refusal(body("other.yaml"), { "other.yaml": "type: banana" }),
    /other\.yaml:1: \/type: .* no value of type/,
  );
});

Deno.test("references by anchor and by id are followed", async () => {
  const operation = await readOperation({
    content: { "application/json": { schema: { $ref: "#word" } } },
    schemas: {
      Word: { $anchor: "word", type: "array", items: { $ref: "https://example.com/count" } },
      Count: { $id: "https://example.com/count", type: "integer" },
    },
  });
  const { violations } = await validateRequest(operation)(jsonRequest([1, "2"]));
  deepEqual(violations.map(({ pointer }) => pointer), ["/1"]);
});

Deno.test("parameters of a path are those of its operations, which may replace them", async () => {
  const document = await readDocument(`openapi: 3.1.0
info: { title: a, version: "1" }
paths:
  /a:
    parameters:
      - { name: x, in: query, schema: { type: integer } }
      - { name: y, in: query, required: true, schema: { type: integer } }
      - { name: Authorization, in: header, required: true, schema: { type: string } }
    get:
      parameters: [{ name: x, in: query, schema: { type: boolean } }]
      responses: { default: { description: a } }
`);
  const { violations } = await validateRequest(document.operations[0])(new Request("http://localhost/a?x=1"));
  deepEqual(violations.map((one) => [one.in, one.pointer, one.keyword]), [
    ["query", "/x", "type"],
    ["query", "/y", "required"],
  ]);
});
