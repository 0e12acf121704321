/** The rule of who may import whom: each room only what lies on a floor below, and no circles of files. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Rooms by floor, the lowest first. A room imports from floors below its own; rooms on one floor never know each other. */
const floors = [
  ["src/client_door.ts", "src/errors.ts", "src/limits.ts", "src/log.ts"],
  ["src/bytes"],
  ["src/http", "src/net"],
  ["src/process", "src/loom", "src/registry", "src/mesh"],
  ["src/gateway"],
  ["src/cli"],
  ["mod.ts", "cli.ts"],
];

/** Data that any room may read. */
const data = ["deno.json"];

/** Where parts of the runtime may be used, so that each can be replaced in one place. */
const reserved: Record<string, string[]> = {
  "Deno.Command": ["src/process"],
  "node:child_process": ["src/process"],
  "Deno.dlopen": ["src/process"],
  "Deno.Kv": ["src/loom", "src/registry"],
  "Deno.openKv": ["src/loom", "src/registry"],
};

/** A source file, as a path from the root. */
interface SourceFile {
  readonly path: string;
  /** Without comments. */
  readonly code: string;
  /** Paths from the root of the files it imports, those of types too. */
  readonly imports: readonly string[];
}

function* filesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(join(root, folder))) {
    if (isDirectory) yield* filesBelow(join(folder, name));
    else yield join(folder, name);
  }
}

/** Takes comments out, and leaves texts and patterns in which something looks like a comment. */
function withoutComments(text: string): string {
  const token =
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/)|\/\*[^]*?\*\/|\/\/.*/g;
  return text.replace(token, (_, kept: string | undefined) => kept ?? " ");
}

/** What a source says that it imports, statically, for its types or by a call. */
function specifiers(code: string): string[] {
  const forms = /^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;
  return [...code.matchAll(forms)].map(([, from, call]) => from ?? call);
}

function readSource(path: string): SourceFile {
  const code = withoutComments(Deno.readTextFileSync(join(root, path)));
  const imports = specifiers(code).filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(root, join(root, dirname(path), specifier)));
  return { path, code, imports };
}

const isRunner = (path: string) => path.startsWith("src/process/runners/");
const sources = ["mod.ts", "cli.ts", ...filesBelow("src")].filter((path) =>
  /\.[cm]?[jt]sx?$/.test(path) && !isRunner(path)
)
  .map(readSource);

/** The room that a file lies in; undefined when it lies in none. */
function roomOf(path: string): string | undefined {
  return floors.flat().find((room) => path === room || path.startsWith(`${room}/`));
}

/** The floor of a room; what is no room lies above all. */
function floorOf(room: string | undefined): number {
  const floor = floors.findIndex((rooms) => rooms.includes(room!));
  return floor === -1 ? Infinity : floor;
}

/** Imports that break the rule, in words. */
function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, imports }) => {
    const from = roomOf(path);
    return imports
      .filter((target) =>
        !data.includes(target) && roomOf(target) !== from && !(floorOf(roomOf(target)) < floorOf(from))
      )
      .map((target) => `${path} imports ${target}`);
  });
}

/** A circle of imports, as the files on it; undefined when there is none. */
function findCycle(files: readonly SourceFile[]): string[] | undefined {
  const imports = new Map(files.map((file) => [file.path, file.imports]));
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const target of imports.get(path) ?? []) {
      const cycle = visit(target, [...way, path]);
      if (cycle) return cycle;
    }
    done.add(path);
  };
  for (const { path } of files) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
}

/** Uses of parts of the runtime outside the rooms that they are reserved for. */
function misuses(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, code }) =>
    Object.entries(reserved)
      .filter(([name, rooms]) =>
        new RegExp(`${name.replace(".", "\\.")}\\b`).test(code) && !rooms.includes(roomOf(path)!)
      )
      .map(([name]) => `${path} uses ${name}`)
  );
}

const file = (path: string, ...imports: string[]): SourceFile => ({ path, code: "", imports });

Deno.test("every source file lies in a room", () => {
  deepEqual(sources.filter(({ path }) => roomOf(path) === undefined).map(({ path }) => path), []);
});

Deno.test("every file that is imported is there", () => {
  for (const { path, imports } of sources) {
    for (const target of imports) ok(Deno.statSync(join(root, target)).isFile, `${path} imports ${target}`);
  }
});

Deno.test("a room imports only what lies on a floor below it", () => {
  ok(sources.some(({ imports }) => imports.length > 5), "no imports were found");
  deepEqual(violations(sources), []);
});

Deno.test("files do not import each other in circles", () => {
  equal(findCycle(sources)?.join(" -> "), undefined);
});

Deno.test("processes are started in src/process alone, and Deno.Kv is used in src/loom", () => {
  deepEqual(misuses(sources), []);
});

Deno.test("the check of imports sees what it is to see", () => {
  const code = withoutComments(`/* import "./a.ts" */ // import "./b.ts"
import "./c.ts";
import type { D } from "./d.ts";
import e, { type F } from '../e.ts';
export * from "./g.ts";
export {
  H,
} from "./h.ts";
import text from "./i.py" with { type: "text" };
const j: import("./j.ts").J = await import("./k.ts"); const u = "http://x/"; /* import("./l.ts") */
const pattern = /[/"]/; import("./m.ts");
export const n = "from './n.ts'";
`);
  deepEqual(
    specifiers(code),
    ["c", "d", "../e", "g", "h", "i", "j", "k", "m"].map((name) =>
      name.startsWith(".") ? `${name}.ts` : `./${name}.${name === "i" ? "py" : "ts"}`
    ),
  );
});

Deno.test("the check of floors refuses upwards, sideways and outwards, and allows downwards and within", () => {
  const wrong = [
    file("src/bytes/a.ts", "src/http/b.ts"),
    file("src/process/a.ts", "src/loom/b.ts"),
    file("src/errors.ts", "src/limits.ts"),
    file("src/cli/a.ts", "mod.ts"),
    file("cli.ts", "mod.ts"),
    file("src/http/a.ts", "tests/support/b.ts"),
  ];
  equal(violations(wrong).length, wrong.length);
  const right = [
    file("src/process/a.ts", "src/http/b.ts", "src/bytes/c.ts", "src/errors.ts", "src/process/d/e.ts"),
    file("cli.ts", "src/cli/main.ts"),
    file("src/cli/a.ts", "deno.json"),
  ];
  deepEqual(violations(right), []);
});

Deno.test("the check of circles finds short ones and long ones", () => {
  deepEqual(findCycle([file("a", "a")]), ["a", "a"]);
  deepEqual(findCycle([file("a", "b"), file("b", "c", "d"), file("c"), file("d", "b")]), ["b", "d", "b"]);
  equal(findCycle([file("a", "b", "c"), file("b", "d"), file("c", "d"), file("d")]), undefined);
});
