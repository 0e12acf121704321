/** The package for npm: what is in it, its types, and how programs of Node.js take it. */

import { deepEqual, match, ok } from "node:assert/strict";
import ts from "typescript";
import metadata from "../../deno.json" with { type: "json" };
import { writeNpmPackage } from "../../scripts/npm.ts";
import type { Folder } from "../support/folder.ts";
import { nodeTest } from "../support/node_process.ts";
import { makeNodeProject, runNode } from "../support/node_script.ts";

const PLACE = "node_modules/@sluice/sluice";

let project: Folder;
Deno.test.beforeAll(async () => void (project = await makeNodeProject(writeNpmPackage)));
Deno.test.afterAll(async () => await project[Symbol.asyncDispose]());

const read = (name: string) => Deno.readTextFile(project.file(`${PLACE}/${name}`));

/** What the compiler says of a module, in the words that a user is shown. */
async function complaints(source: string): Promise<readonly string[]> {
  const file = project.file("consumer.mts");
  await Deno.writeTextFile(file, source);
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    // Where the types of Node.js are not installed, those of browsers stand for what both have.
    lib: ["es2023", "esnext.disposable", "dom", "dom.asynciterable"].map((name) => `lib.${name}.d.ts`),
    types: [],
    strict: true,
    noEmit: true,
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

nodeTest("npm packs it, with all that it needs and nothing else", async () => {
  const { stdout, success } = await new Deno.Command("npm", {
    args: ["pack", "--json", "--dry-run", "--offline"],
    cwd: project.file(PLACE),
    stderr: "null",
  }).output();
  ok(success);
  const [{ name, version, files }] = JSON.parse(new TextDecoder().decode(stdout));
  deepEqual([name, version], [metadata.name, metadata.version]);
  const paths: string[] = files.map(({ path }: { path: string }) => path);
  const own = ["LICENSE", "NOTICES", "README.md", "bin/sluice.js", "package.json", "sluice.d.ts", "sluice.js"];
  deepEqual(paths.filter((path) => !path.startsWith("cli/")).sort(), own);
  ok(paths.includes("cli/sluice.js"));
});

Deno.test("nothing in it tells where it was made, and the licences of what is in it are", async () => {
  for (const name of ["sluice.js", "sluice.d.ts", "NOTICES"]) {
    const text = await read(name);
    for (const place of [Deno.env.get("HOME")!, new URL("../../", import.meta.url).pathname]) {
      ok(place.length < 2 || !text.includes(place), `${name} has ${place}`);
    }
  }
  match(await read("NOTICES"), /^ws \d[^]*Copyright[^]*Permission is hereby granted/m);
});

Deno.test("its types are those of what it exports, for a strict compiler without skipLibCheck", async () => {
  const source = `
    import { connectRegistry, followStream, HttpError, type MeshNode, openProducer, startNode } from "@sluice/sluice";
    const producer = await openProducer({ url: "http://localhost", id: "a", metadata: { a: 1 } });
    await producer.write("text");
    for await (const bytes of followStream({ url: "", id: "", onOffset: (offset: string) => {} })) {
      const length: number = bytes.byteLength;
    }
    const client = connectRegistry("localhost:9090");
    client.addEventListener("lost", ({ detail }) => detail.toUpperCase());
    const port: number = (await client.register("web@1.0.0", { zone: "eu" })).port;
    const node: MeshNode = await startNode({
      services: { a: async (request, info) => new Response(await request.text() + info?.params?.x) },
    });
    const error: number = new HttpError(400, "text").status;
  `;
  deepEqual(await complaints(source), []);
  const wrong = `
    import { MeshNode, openProducer } from "@sluice/sluice";
    openProducer({ url: "", id: 3 });
    new MeshNode();
  `;
  const [number, type, ...more] = await complaints(wrong);
  match(number, /'number' is not assignable to type 'string'/);
  match(type, /'MeshNode' cannot be used as a value/);
  deepEqual(more, []);
});

nodeTest("what its types say that there is, there is", async () => {
  const declared = [...(await read("sluice.d.ts")).matchAll(/^export declare (?:function|class|const) (\w+)/gm)];
  await using script = await runNode(
    project,
    `
    import * as sluice from "@sluice/sluice";
    console.log("names " + Object.keys(sluice).sort().join(" "));
    `,
  );
  await script.code;
  const [, names] = await script.said(/^names (.*)$/m);
  deepEqual(names.split(" "), declared.map(([, name]) => name).sort());
});

nodeTest("require() takes it where Node.js can, and else is told to import() it", async () => {
  const asks = `
    try {
      console.log("got " + typeof require("@sluice/sluice").startNode);
    } catch (error) {
      console.log(error.code + " " + error.message);
      import("@sluice/sluice").then(({ startNode }) => console.log("got " + typeof startNode));
    }
  `;
  await using script = await runNode(project, asks, { name: "asks.cjs" });
  await script.code;
  await script.said(/^got function$/m);
  await using old = await runNode(project, asks, { name: "asks.cjs", flags: ["--no-experimental-require-module"] });
  await old.code;
  await old.said(/^ERR_REQUIRE_ESM require\(\) of ES Module .*\n?.*import\(\)/m);
  await old.said(/^got function$/m);
});

nodeTest("the mesh of its README runs", async () => {
  const [, example] = /```js\n([^`]*startNode[^]*?)```/.exec(await read("README.md"))!;
  await using script = await runNode(project, example);
  await script.code;
  await script.said(/^Hello, Ada!$/m);
});
