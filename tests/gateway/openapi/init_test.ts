import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../../src/gateway/config/read_config.ts";
import { operations, readOpenApi } from "../../../src/gateway/openapi/document.ts";
import { exampleOf } from "../../../src/gateway/openapi/example_value.ts";
import { initFrom } from "../../../src/gateway/openapi/init.ts";
import type { Operation } from "../../../src/gateway/openapi/operation.ts";
import { validating } from "../../../src/gateway/openapi/validating.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { program } from "../../../src/process/program.ts";
import { makeFolder } from "../../support/folder.ts";
import { listen } from "../../support/in_process.ts";
import { oneOperation } from "../../support/openapi.ts";

const petstore = fileURLToPath(new URL("files/petstore.yaml", import.meta.url));

/** A request that an operation takes, made of examples. */
function exampleRequest({ method, path, parameters, body, model }: Operation, url: string): Request {
  const values = parameters.map((parameter) => ({ ...parameter, value: exampleOf(model, parameter, "request") }));
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => String(values.find((one) => one.name === name)!.value));
  const query = new URLSearchParams(
    values.filter((one) => one.in === "query").map(({ name, value }) => [name, String(value)]),
  );
  const media = body?.contents[0];
  const isJson = media?.name === "application/json";
  return new Request(`${url}${filled}?${query}`, {
    method,
    body: media && (isJson ? JSON.stringify(exampleOf(model, media, "request")) : "bytes"),
    headers: media ? { "content-type": media.name } : {},
  });
}

for (const language of ["python", "typescript", "javascript", "bash"]) {
  Deno.test(`stubs in ${language} answer each operation of the petstore with what it promises`, async () => {
    await using folder = await makeFolder();
    const written = await initFrom(petstore, folder.path, { language });
    equal(written.length, 20);
    const { openapi } = readConfig(folder.file("sluice.toml")).servers[0];
    equal(openapi!.base, "/api/v3");
    equal(openapi!.validateOut, "strict");
    const all = operations(await readOpenApi(openapi!.document));
    deepEqual(Object.keys(openapi!.operations), all.map(({ names }) => names[0]));
    // Of the slow ones some stand for all: each is the same template.
    for (const operation of language === "typescript" || language === "javascript" ? all.slice(0, 3) : all) {
      const { target } = openapi!.operations[operation.names[0]];
      ok(target.kind === "program");
      const { file, mode } = target.program;
      await using handler = program({ file, mode, warm: 0 });
      const told: unknown[] = [];
      const options = {
        validateIn: true,
        validateOut: "strict",
        log: (...event: unknown[]) => void told.push(event),
      } as const;
      const checked: Handler = validating((...all) => handler(...all), operation, options);
      await using server = await listen(checked);
      const response = await fetch(exampleRequest(operation, server.url));
      equal(response.status, 200, `${operation.names[0]}: ${await response.clone().text()} ${JSON.stringify(told)}`);
      await response.body?.cancel();
    }
  });
}

const nasty = {
  openapi: "3.1.0",
  info: { title: "Nasty", version: "1" },
  paths: Object.fromEntries(
    [
      "../../etc/passwd",
      "..",
      "$(touch harmed)",
      "a b\n\"'",
      "GetIt",
      "getIt",
      "get_it",
      "-rf",
      "\u2028é",
      "'''",
      "{{x}}",
    ].map((
      operationId,
      index,
    ) => [`/p${index}`, {
      get: {
        operationId,
        summary: "*/\n\"\"\"'''\n`touch harmed`\r\nimport os\u2028",
        responses: {
          201: {
            description: "a",
            headers: { "X-Why": { required: true, schema: { const: "$(touch harmed)' \"`" } } },
            content: {
              "application/json": {
                schema: {
                  const: { "a'\"\n$(touch harmed)": ["#{1}", "\\", "${1}", "\ud83d\ude00é\u2028", null, true, 1.5] },
                },
              },
            },
          },
        },
      },
    }]),
  ),
};

Deno.test("whatever operations are called, their scripts lie in one folder, and nothing in a document is code", async () => {
  for (const language of ["python", "bash", "typescript"]) {
    await using folder = await makeFolder({ "api.json": JSON.stringify(nasty) });
    const written = await initFrom(folder.file("api.json"), folder.path, { language });
    ok(written.slice(1).every((path) => /^[a-z\d_]+\.\w+$/.test(basename(path))), written.join("\n"));
    equal(new Set(written.map((path) => path.toLowerCase())).size, 12);
    deepEqual(folder.names().sort(), ["api.json", "operations", "sluice.toml"]);
    const { openapi } = readConfig(folder.file("sluice.toml")).servers[0];
    const [operation] = operations(await readOpenApi(folder.file("api.json")));
    const { target } = openapi!.operations[operation.names[0]];
    ok(target.kind === "program");
    await using handler = program({ file: target.program.file, mode: target.program.mode, warm: 0, cwd: folder.path });
    const checked = validating((...all) => handler(...all), operation, {
      validateIn: true,
      validateOut: "strict",
      log: () => {},
      dev: true,
    });
    const response = await checked(new Request("http://h/p0"));
    equal(response.status, 201, await response.text());
    deepEqual(folder.names().sort(), ["api.json", "operations", "sluice.toml"]);
  }
});

Deno.test("nothing is written over, unless it is asked for, and then all of it", async () => {
  await using folder = await makeFolder({
    "api.yaml": oneOperation({}),
    "sluice.toml": "mine",
    "elsewhere": "mine too",
  });
  await rejects(initFrom(folder.file("api.yaml"), folder.path), /Cannot write .*sluice\.toml: it is there already/);
  deepEqual(folder.names().sort(), ["api.yaml", "elsewhere", "sluice.toml"]);
  await Deno.remove(folder.file("sluice.toml"));
  await Deno.symlink(folder.file("elsewhere"), folder.file("sluice.toml"));
  await initFrom(folder.file("api.yaml"), folder.path, { force: true });
  equal(await Deno.readTextFile(folder.file("elsewhere")), "mine too");
  await rejects(initFrom(folder.file("api.yaml"), folder.path, { language: "cobol" }), /none of python, typescript/);
});
