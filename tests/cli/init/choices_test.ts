/** What may be chosen: names that need no quotes anywhere, folders, languages by all their names. */

import { equal, throws } from "node:assert/strict";
import { join } from "node:path";
import { choose, type InitFlags } from "../../../src/cli/init/choices.ts";
import { templateNamed } from "../../../src/cli/init/choose_template.ts";
import { UsageError } from "../../../src/cli/usage.ts";

/** With `yes` nobody is asked, whatever the test runs in. */
const flags: InitFlags = { list: false, json: false, force: false, yes: true };

Deno.test("choose() takes names that are the same in a path, a shell, TOML, a unit and a go.mod, and no others", () => {
  const bad = [
    "",
    "a b",
    "../x",
    "/x",
    ".",
    "..",
    "a/b",
    "A",
    "9a",
    "a.b",
    "-a",
    "a-",
    "a\nb",
    "a\0b",
    '"',
    "$(id)",
    "%i",
  ];
  for (const name of [...bad, "é", "a--b", "a_-b", "a\u202eb", "a".repeat(65)]) {
    throws(() => choose("python", { ...flags, name }), UsageError, JSON.stringify(name));
  }
  for (const name of ["a", "price-list", "a_1", "x2", "a".repeat(64)]) {
    equal(choose("go", { ...flags, name }).name, name);
  }
});

Deno.test("choose() calls a project by its folder where that is a name, and else hello, in a folder of its name", () => {
  equal(choose(undefined, { ...flags, dir: "/srv/shop" }).name, "shop");
  equal(choose(undefined, { ...flags, dir: "/srv/My Shop" }).name, "hello");
  equal(choose(undefined, { ...flags, dir: "/" }).name, "hello");
  equal(choose(undefined, { ...flags, name: "shop" }).folder, join(Deno.cwd(), "shop"));
  for (const dir of ["/a\nb", "/a\u202eb", "/a\x7f"]) throws(() => choose(undefined, { ...flags, dir }), UsageError);
});

Deno.test("templateNamed() knows a language by each of its names, and says which it may have been", () => {
  const names = {
    JS: "javascript",
    deno: "javascript",
    ts: "typescript",
    py: "python",
    sh: "bash",
    golang: "go",
    rb: "ruby",
  };
  for (const [name, template] of Object.entries(names)) equal(templateNamed(name).name, template);
  throws(() => templateNamed("rubby"), /did you mean ruby\?/);
  throws(() => templateNamed("java"), /it is no template; /);
});
