/** Pages lead where they say, and the code in them is what it says: what a reader follows or copies works. */

import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  blockFaults,
  linkFaults,
  type PageFault,
  pagesOf,
  readPage,
  type Site,
  siteAt,
  slugs,
} from "../support/markdown.ts";

const INDEX = "docs/README.md";

const root = fileURLToPath(new URL("../../", import.meta.url));
const site = siteAt(root);

for (const path of pagesOf(root, ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"], ["docs"])) {
  const told = (faults: readonly PageFault[]) => faults.map(({ line, message }) => `${path}:${line}: ${message}`);

  Deno.test(`every link in ${path} leads to a file, and to a heading that is there`, () => {
    deepEqual(told(linkFaults(path, site.page(path)!, site)), []);
  });

  Deno.test(`every block of code in ${path} is what it says`, async () => {
    deepEqual(told(await blockFaults(site.page(path)!)), []);
  });
}

Deno.test(`every page of docs is in ${INDEX}`, () => {
  const named = new Set(site.page(INDEX)!.links.map(({ target }) => `docs/${target.split("#")[0]}`));
  deepEqual(pagesOf(root, [], ["docs"]).filter((path) => path !== INDEX && !named.has(path)), []);
});

Deno.test("anchors of headings are GitHub's", () => {
  deepEqual(
    slugs([
      "`sluice loom`: kept, *live*",
      "What's on disk when?",
      "[Durable](loom.md) Streams",
      "A_b-c 1.0",
      "A_b-c 1.0",
      "Größe",
    ]),
    ["sluice-loom-kept-live", "whats-on-disk-when", "durable-streams", "a_b-c-10", "a_b-c-10-1", "größe"],
  );
});

Deno.test("links are found over lines, with titles, as images, definitions and tags, and not in code", () => {
  const page = readPage([
    "# A",
    "see [two",
    'words](a.md "title"), ![](b.png), `[no](code.md)` and [c](<c.md>)',
    "```sh",
    "[no](block.md)",
    "```",
    "<!-- [no](comment.md) -->",
    '<img width="3" src="d.svg">',
    "[e]: e.md#x",
  ].join("\n"));
  deepEqual(page.links.map(({ target, line }) => `${target} ${line}`).sort(), [
    "a.md 3",
    "b.png 3",
    "c.md 3",
    "d.svg 8",
    "e.md#x 9",
  ]);
});

Deno.test("a link that leads nowhere is told with its line", () => {
  const pages: Record<string, ReturnType<typeof readPage>> = {
    "docs/a.md": readPage("## One\n## One\n[1](b.md#two) [2](#one-1) [3](../c.txt) [4](https://a.invalid/x)\n"),
    "docs/b.md": readPage("# Two\n"),
    "docs/d.md": readPage("[1](no.md)\n[2](b.md#no) [3](../../x) [4](/etc) [5](../c.txt#a) [6](#no)\n"),
  };
  const inMemory: Site = { has: (path) => path in pages || path === "c.txt", page: (path) => pages[path] };
  deepEqual(linkFaults("docs/a.md", pages["docs/a.md"], inMemory), []);
  deepEqual(linkFaults("docs/d.md", pages["docs/d.md"], inMemory).map(({ line, message }) => `${line}: ${message}`), [
    "1: no.md is not there",
    "2: b.md#no is no heading there",
    "2: ../../x leads out of the project",
    "2: /etc leads out of the project",
    "2: ../c.txt#a has a fragment, and is no page",
    "2: #no is no heading there",
  ]);
});

const route = '[[routes]]\npath = "GET /"\nrespond = "hi"\n';
const right: Record<string, string[]> = {
  "": ["sluice serve: listening on http://127.0.0.1:3000", "{ not: parsed"],
  sh: ["cat <<'END'\n$(\nEND", "a | b && c"],
  json: ["[1]"],
  toml: [
    route,
    'name = "only TOML"\n',
    `${route}auth = { bearer = [{ env = "TOKEN" }] }\n`,
    `${route}[hub]\nport = 9090\n`,
  ],
  "toml fragment": ["a = 1\na = 2"],
  yaml: ['routes:\n  - path: GET /\n    respond: "hi"\n'],
  mermaid: ['flowchart LR\n  a["x ("] --> b((c)) & d[(e)]', "sequenceDiagram\n  a-)b: says :)\n  loop x\n  end"],
  "ts ignore": ["not looked at"],
};
const wrong: Record<string, [string, RegExp][]> = {
  "": [["$ ls\na", /has prompts/], [route, /looks like a file/]],
  sh: [["if true; then", /syntax error/], ["echo 'a", /unexpected EOF/]],
  json: [["{a: 1}", /JSON/], ["{…}", /JSON/]],
  toml: [["a = ", /./], [`${route}[hub]\nport = 1\n[nodes]\n`, /nodes: is no setting/], [
    `${route}timeuot = "5s"\n`,
    /timeuot: is no setting; did you mean "timeout"/,
  ]],
  yaml: [["routes:\n  - path: GET /\n", /routes\[0\]/], ["a: [", /./]],
  mermaid: [
    ["flowchat LR\n  a --> b", /flowchat, which is no diagram/],
    ["flowchart LR\n  a[b --> c", /\[ in line 2 that is not closed/],
    ["flowchart LR\n  a(b] --> c", /\] in line 2 that closes nothing/],
    ["sequenceDiagram\n  loop x", /lacks 1 of its ends/],
    ["flowchart LR\n  a\n  end", /1 ends too many/],
  ],
  tmol: [["", /language tmol, which is not known/]],
  "ts ignored": [["", /mark ignored/]],
};
const block = (info: string, text: string) => blockFaults(readPage(`\`\`\`${info}\n${text}\n\`\`\`\n`));

Deno.test("blocks that are what they say have no faults", async () => {
  for (const [info, texts] of Object.entries(right)) {
    for (const text of texts) deepEqual(await block(info, text), [], `${info}: ${text}`);
  }
});

Deno.test("a block that is not what it says is told with its line", async () => {
  for (const [info, texts] of Object.entries(wrong)) {
    for (const [text, message] of texts) {
      const faults = await block(info, text);
      equal(faults.length, 1, `${info}: ${text}`);
      equal(faults[0].line, 1);
      match(faults[0].message, message);
    }
  }
  deepEqual(await blockFaults(readPage("a\n```sh\nb")), [{ line: 2, message: "is never closed" }]);
});
