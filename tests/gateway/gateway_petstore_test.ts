/** The petstore document, and nothing else: stubs made from it, served, and called by whoever reads it. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { operations, readOpenApi } from "../../src/gateway/openapi/document.ts";
import { initFrom } from "../../src/gateway/openapi/init.ts";
import { seen } from "../support/ask.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const petstore = fileURLToPath(new URL("openapi/files/petstore.yaml", import.meta.url));

/** A request for each operation, but for its method and path. */
const PET = { name: "doggie", photoUrls: ["http://a/b.png"], status: "sold" };
const ORDER = { id: 1, quantity: 2, status: "placed", shipDate: "2026-01-02T03:04:05Z" };
const USER = { username: "theUser", email: "a@b.example" };
const QUERIES: Readonly<Record<string, string>> = {
  findPetsByStatus: "?status=sold",
  findPetsByTags: "?tags=a&tags=b",
  updatePetWithForm: "?name=rex&status=sold",
  uploadFile: "?additionalMetadata=x",
  loginUser: "?username=a&password=b",
};
const BODIES: Readonly<Record<string, unknown>> = {
  addPet: PET,
  updatePet: PET,
  placeOrder: ORDER,
  createUser: USER,
  createUsersWithListInput: [USER, USER],
  updateUser: USER,
};

/** Makes stubs from the document, and serves them. */
async function serveStubs(folder: Folder, language = "python"): Promise<TestGateway> {
  await initFrom(petstore, folder.path, { language });
  const text = await Deno.readTextFile(folder.file("sluice.toml"));
  return await startGateway(quickly(text), { folder });
}

/** Nineteen interpreters need not wait for one request each. */
function quickly(text: string): string {
  return `accessLog = "none"\ndefaults = { warm = false }\n${text.replace(/^listen = .*$/m, 'listen = "127.0.0.1:0"')}`;
}

function asJson(body: unknown, method = "POST"): RequestInit {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

for (const language of ["python", "bash"]) {
  Deno.test(`every operation of the petstore is answered by a stub in ${language} as the document has it`, async () => {
    await using folder = await makeFolder();
    await using server = await serveStubs(folder, language);
    for (const { operationId = "", method, path } of operations(await readOpenApi(petstore))) {
      const url = `${server.url}/api/v3${path.replaceAll(/\{\w+Id\}/g, "7").replace("{username}", "theUser")}`;
      const body = BODIES[operationId];
      const init = operationId === "uploadFile"
        ? { method, headers: { "content-type": "application/octet-stream" }, body: "bytes" }
        : body
        ? asJson(body, method)
        : { method };
      const response = await fetch(url + (QUERIES[operationId] ?? ""), init);
      // What breaks the document is answered 502.
      equal(response.status, 200, `${operationId}: ${await response.clone().text()}`);
      const isEmpty = /^(delete|logout|updateUser)/.test(operationId);
      if (!isEmpty) equal(response.headers.get("content-type"), "application/json", operationId);
      await response.body?.cancel();
    }
    deepEqual(server.lines, []);
  });
}

Deno.test("requests that break the document are answered 422 with a pointer to each violation", async () => {
  await using folder = await makeFolder();
  await using server = await serveStubs(folder, "bash");
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${server.url}/api/v3${path}`, init);
    const problem = await response.json();
    const places = problem.errors?.map((error: Record<string, string>) => [
      error.in ?? error.pointer,
      error.in ? error.name ?? error.pointer : "",
    ]);
    return { status: response.status, type: response.headers.get("content-type"), problem, places };
  };
  const pet = await ask("/pet", asJson({ name: 7, status: "eaten", photoUrls: ["a", 1] }));
  deepEqual([pet.status, pet.type], [422, "application/problem+json"]);
  const said = JSON.stringify(pet.problem);
  for (const pointer of ["/name", "/status", "/photoUrls/1"]) match(said, new RegExp(`"[^"]*${pointer}"`), said);
  const missing = JSON.stringify((await ask("/pet", asJson({ name: "x" }))).problem);
  match(missing, /photoUrls/);
  equal((await ask("/pet/seven")).status, 422);
  equal((await ask("/pet/findByStatus")).status, 422);
  equal((await ask("/pet/findByStatus?status=eaten")).status, 422);
  equal((await ask("/pet", { ...asJson({}), body: "{" })).status, 400);
  equal((await ask("/pet", { method: "POST", headers: { "content-type": "text/plain" }, body: "x" })).status, 415);
  equal((await ask("/pets")).status, 404);
  const wrong = await fetch(`${server.url}/api/v3/pet/7`, { method: "PATCH" });
  await wrong.body?.cancel();
  deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD, POST, DELETE, OPTIONS"]);
});

Deno.test("an answer that breaks the document is 502, and the log says why; what nothing runs is 501", async () => {
  await using folder = await makeFolder();
  await using server = await serveStubs(folder);
  const path = folder.file("operations/get_pet_by_id.py");
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"doggie"', "7"));
  const { status, body } = await seen(`${server.url}/api/v3/pet/7`);
  deepEqual([status, (body as string).includes("doggie")], [502, false]);
  match(JSON.stringify(server.lines), /\/name/);

  const text = await Deno.readTextFile(folder.file("sluice.toml"));
  await server.reload(text.replace('validateOut = "strict"', 'validateOut = "log"'));
  equal((await seen(`${server.url}/api/v3/pet/7`)).status, 200);
  await server.reload(text.replace(/\[openapi\.operations\.getPetById\]\nrun = .*\n/, ""));
  equal((await seen(`${server.url}/api/v3/pet/7`)).status, 501);
});

Deno.test("the document and a page for people are served, as what the server answers", async () => {
  await using folder = await makeFolder();
  await using server = await serveStubs(folder, "bash");
  const response = await fetch(`${server.url}/openapi.json`);
  equal(response.headers.get("content-type"), "application/json");
  const [served, source] = [await response.json(), parse(await Deno.readTextFile(petstore))];
  deepEqual(Object.keys(served.paths), Object.keys(source.paths));
  equal(served.servers[0].url, "/api/v3");
  const again = await fetch(`${server.url}/openapi.json`, {
    headers: { "if-none-match": response.headers.get("etag") ?? "none" },
  });
  await again.body?.cancel();
  equal(again.status, 304);
  const page = await fetch(`${server.url}/docs`);
  match(page.headers.get("content-type") ?? "", /^text\/html/);
  const html = await page.text();
  for (const { path } of operations(await readOpenApi(petstore))) ok(html.includes(`/api/v3${path}</code>`), path);
});
