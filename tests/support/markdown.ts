/** Pages of Markdown, read as far as can be checked: links, headings that links lead to, and blocks of code. */

import { dirname, join, normalize, relative } from "node:path";
import { parse as parseToml } from "smol-toml";
import { parse as parseYaml } from "yaml";
import { parseConfig, readConfigBeside } from "../../src/gateway/config/read_config.ts";

/** Something that is wrong with a page. */
export interface PageFault {
  readonly line: number;
  readonly message: string;
}

/** A block of code. */
export interface CodeBlock {
  /** The first word behind the fence; "" for plain output. */
  readonly language: string;
  /** The other words. */
  readonly marks: readonly string[];
  readonly text: string;
  /** Line of the fence, the first is 1. */
  readonly line: number;
}

/** Where a link or an image leads. */
export interface PageLink {
  readonly target: string;
  readonly line: number;
}

/** What a page holds. */
export interface Page {
  readonly links: readonly PageLink[];
  readonly blocks: readonly CodeBlock[];
  /** What may stand behind `#` in a link to it. */
  readonly anchors: ReadonlySet<string>;
  /** A block that is never closed. */
  readonly open?: CodeBlock;
}

const FENCE = /^ *(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$/;
/** `](target)`, with a title or without; the texts of links may go over lines. */
const INLINE_LINK = /\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+"[^"]*")?\s*\)/g;
const DEFINITION = /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/gm;
const ATTRIBUTE = /<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)="([^"]+)"/g;
const NAMED = /<a\b[^>]*?\b(?:id|name)="([^"]+)"/g;
/** A code span: as many backticks at its end as at its beginning, and no empty line in it. */
const CODE_SPAN = /(?<!`)(`+)(?!`)((?:(?!\n\s*\n)[^])*?[^`])\1(?!`)/g;

/** Reads a page. */
export function readPage(text: string): Page {
  const { prose, blocks, open } = partBlocks(text);
  const anchors = new Set(slugs(prose.flatMap((line) => HEADING.exec(line)?.[1] ?? [])));
  const rest = prose.join("\n").replace(CODE_SPAN, blanks).replace(/<!--[^]*?-->/g, blanks);
  for (const [, name] of rest.matchAll(NAMED)) anchors.add(name);
  const links = [INLINE_LINK, DEFINITION, ATTRIBUTE].flatMap((form) => [...rest.matchAll(form)])
    .map(({ 1: target, index }) => ({ target, line: rest.slice(0, index).split("\n").length }));
  return { links, blocks, anchors, open };
}

/** Spaces in the place of what is no prose, so that lines stay what they are. */
function blanks(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

function partBlocks(text: string): { prose: string[]; blocks: CodeBlock[]; open?: CodeBlock } {
  const prose: string[] = [];
  const blocks: CodeBlock[] = [];
  let fence: string | undefined;
  let block: CodeBlock | undefined;
  let inside: string[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    const [, ticks, info] = FENCE.exec(line) ?? [];
    const isEnd = block !== undefined && ticks?.startsWith(fence!) && info === "";
    prose.push(block || ticks ? "" : line);
    if (isEnd) {
      blocks.push({ ...block!, text: inside.join("\n") });
      block = undefined;
    } else if (block) inside.push(line);
    else if (ticks) {
      const [language = "", ...marks] = info.trim().split(/\s+/);
      [fence, inside, block] = [ticks, [], { language, marks, text: "", line: i + 1 }];
    }
  }
  return { prose, blocks, open: block };
}

/** Anchors of headings, as GitHub makes them: letters, digits, `-` and `_` stay; a second one of a name gets a number. */
export function slugs(headings: readonly string[]): string[] {
  const times = new Map<string, number>();
  return headings.map((heading) => {
    const shown = heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/<[^>]+>/g, "");
    const slug = shown.toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "").replaceAll(" ", "-");
    const count = times.get(slug) ?? 0;
    times.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

/** The pages and files that links lead to. */
export interface Site {
  /** Whether there is a file or a folder, by its path from the root. */
  has(path: string): boolean;
  /** The page there; undefined when it is none. */
  page(path: string): Page | undefined;
}

/** A folder on the disk as a site. */
export function siteAt(root: string): Site {
  const pages = new Map<string, Page>();
  const has = (path: string) => {
    try {
      return Deno.statSync(join(root, path)) !== undefined;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
      throw error;
    }
  };
  const page = (path: string) => {
    if (!path.endsWith(".md")) return undefined;
    if (!pages.has(path)) pages.set(path, readPage(Deno.readTextFileSync(join(root, path))));
    return pages.get(path);
  };
  return { has, page };
}

/** Links of a page that lead nowhere. Those to other servers are not followed. */
export function linkFaults(path: string, { links }: Page, site: Site): PageFault[] {
  return links.flatMap(({ target, line }) => {
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) return [];
    const [place, fragment] = target.split("#", 2);
    const there = place === "" ? path : normalize(join(dirname(path), decodeURIComponent(place)));
    const message = place.startsWith("/") || there.startsWith("..")
      ? "leads out of the project"
      : faultOf(there, fragment, site);
    return message === undefined ? [] : [{ line, message: `${target} ${message}` }];
  });
}

function faultOf(path: string, fragment: string | undefined, site: Site): string | undefined {
  if (!site.has(path)) return "is not there";
  if (fragment === undefined) return undefined;
  const page = site.page(path);
  if (!page) return "has a fragment, and is no page";
  return page.anchors.has(decodeURIComponent(fragment)) ? undefined : "is no heading there";
}

/** Blocks of code that are not what they say. */
export async function blockFaults({ blocks, open }: Page): Promise<PageFault[]> {
  const faults = blocks.map(async (block) => ({ line: block.line, message: await blockFault(block) }));
  const found = (await Promise.all(faults)).filter((fault): fault is PageFault => fault.message !== undefined);
  return open ? [...found, { line: open.line, message: "is never closed" }] : found;
}

/** Languages that are only shown: what runs them stands in other tests. */
const SHOWN = new Set(
  "awk c cjs coffee console cpp css diff dockerfile go html http ini java js lisp lua ml php pl py python r rb rs scm st tcl ts txt"
    .split(" "),
);

const CHECKS: Readonly<Record<string, (text: string) => string | undefined | Promise<string | undefined>>> = {
  "": plainFault,
  bash: shellFault,
  json: (text) => thrown(() => JSON.parse(text)),
  mermaid: mermaidFault,
  sh: shellFault,
  toml: (text) => documentFault(parseToml, text, "toml"),
  yaml: (text) => documentFault(parseYaml, text, "yaml"),
};

async function blockFault({ language, marks, text }: CodeBlock): Promise<string | undefined> {
  const unknown = marks.find((mark) => mark !== "ignore" && mark !== "fragment");
  if (unknown !== undefined) return `has the mark ${unknown}, which says nothing`;
  if (marks.includes("fragment")) return undefined;
  const check = CHECKS[language];
  if (check) return await check(text);
  return SHOWN.has(language) ? undefined : `has the language ${language}, which is not known`;
}

function documentFault(parse: (text: string) => unknown, text: string, format: string): string | undefined {
  let data: unknown;
  return thrown(() => data = parse(text)) ?? gatewayFault(data, text, format);
}

function thrown(step: () => unknown): string | undefined {
  try {
    step();
  } catch (error) {
    return (error as Error).message;
  }
}

/** What has no language is what a program printed, or how it is called; never what is to be typed or to be saved. */
function plainFault(text: string): string | undefined {
  if (/^\$ /m.test(text)) {
    return "has prompts: commands are a block of sh, and what they print is one without a language";
  }
  if (/^\[\[\w|^\w+:$/m.test(text)) return "looks like a file: say which language it is";
}

/** Parts of a file of `sluice up` besides the gateway: what stands in them is read by their commands. */
const PARTS = { loom: () => {}, hub: () => {}, node: () => {} };

/** A file of routes is one that the gateway takes, beside the files that it names; its variables may be anything. */
function gatewayFault(data: unknown, text: string, format: string): string | undefined {
  if (!/^\[\[(?:routes|servers\.routes|http)\]\]|^(?:routes|servers|paths):/m.test(text)) return undefined;
  const folder = Deno.makeTempDirSync({ prefix: "sluice-page-" });
  try {
    for (const name of filesNamed(data)) {
      Deno.mkdirSync(dirname(join(folder, name)), { recursive: true });
      Deno.writeTextFileSync(join(folder, name), "", { mode: 0o700 });
    }
    const path = join(folder, `sluice.${format}`);
    if (!Object.keys(PARTS).some((name) => Object.hasOwn(data as object, name))) {
      return thrown(() => parseConfig(text, path, { variable: () => "secret" }));
    }
    Deno.writeTextFileSync(path, text);
    return thrown(() => readConfigBeside(path, { members: PARTS, hub: "hub", node: "node" }));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** What looks like the name of a file, at the beginning of a text somewhere in a value. */
function filesNamed(value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(filesNamed);
  const [name] = /^(?:\.\/)?(?:[\w-]+\/)*[\w-]+(?:\.[a-z]+)?(?=\s|$)/.exec(String(value)) ?? [];
  return name !== undefined && (name.startsWith("./") || /\.[a-z]+$/.test(name)) ? [name] : [];
}

async function shellFault(text: string): Promise<string | undefined> {
  const child = new Deno.Command("bash", { args: ["-n", "-c", text], stdin: "null", stdout: "null", stderr: "piped" });
  const { success, stderr } = await child.output();
  return success ? undefined : new TextDecoder().decode(stderr).trim();
}

const DIAGRAMS = new Set(
  "classDiagram erDiagram flowchart gantt graph journey mindmap pie sequenceDiagram stateDiagram stateDiagram-v2 timeline"
    .split(" "),
);

/** Words that `end` closes. */
const OPENERS = /^(?:subgraph|loop|alt|opt|par|critical|break|rect|box)\b/;
const CLOSERS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

function mermaidFault(text: string): string | undefined {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("%%"));
  const [kind] = (lines[0] ?? "").split(/\s/);
  if (!DIAGRAMS.has(kind)) return `begins with ${kind || "nothing"}, which is no diagram`;
  const depth = lines.filter((line) => OPENERS.test(line)).length - lines.filter((line) => line === "end").length;
  if (depth !== 0) return depth > 0 ? `lacks ${depth} of its ends` : `has ${-depth} ends too many`;
  // In sequences `-)` is an arrow and words are free; what stands in quotes is words too.
  return kind === "sequenceDiagram" ? undefined : bracketFault(text.replace(/"[^"\n]*"/g, ""));
}

function bracketFault(text: string): string | undefined {
  const open: string[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    for (const [bracket] of line.matchAll(/[()[\]{}]/g)) {
      const opener = CLOSERS[bracket];
      if (opener === undefined) open.push(bracket);
      else if (open.pop() !== opener) return `has a ${bracket} in line ${i + 1} that closes nothing`;
    }
    // Shapes and their words stand in one line; bodies of classes and entities go over several, in braces.
    const left = open.filter((bracket) => bracket !== "{");
    if (left.length > 0) return `has a ${left[0]} in line ${i + 1} that is not closed`;
  }
  return open.length > 0 ? `lacks ${open.length} closing braces` : undefined;
}

/** All pages of a project, by their paths from its root. */
export function pagesOf(root: string, files: readonly string[], folders: readonly string[]): string[] {
  const below = (folder: string): string[] =>
    [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? below(join(folder, name)) : name.endsWith(".md") ? [join(folder, name)] : []
    );
  return [...files, ...folders.flatMap((folder) => below(join(root, folder))).map((path) => relative(root, path))]
    .sort();
}
