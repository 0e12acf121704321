/** docs/terminal.md is a recording: what it types has to be what there is. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { normalise } from "../../scripts/recording/normalise.ts";
import { makeSluice } from "../../src/cli/commands.ts";

const page = await Deno.readTextFile(new URL("../../docs/terminal.md", import.meta.url));

/** Words behind `sluice` in lines that were typed. */
const typed = page.split("\n").filter((line) => line.startsWith("$ "))
  .flatMap((line) => [...line.matchAll(/\bsluice ([^|]+)/g)].map(([, words]) => words.trim().split(/\s+/)));

/** Typed by mistake, to show what is said of it. */
const MISTAKES = { commands: ["tial"], flags: ["--prot"] };

Deno.test("the recording has only commands and flags that exist", () => {
  ok(typed.length > 10, "no commands were found");
  const sluice = makeSluice();
  for (const words of typed) {
    const first = sluice.commands.find((command) => command.name() === words[0]);
    if (!first) {
      ok(MISTAKES.commands.includes(words[0]), `there is no command ${words[0]}`);
      continue;
    }
    const command = first.commands.find((command) => command.name() === words[1]) ?? first;
    equal(first.commands.length > 0, command !== first, `there is no command ${words.slice(0, 2).join(" ")}`);
    const end = words.indexOf("--");
    const flags = words.slice(0, end === -1 ? undefined : end).filter((word) => /^--?[a-z]/.test(word));
    const known = command.options.flatMap(({ short, long }) => [short, long]);
    deepEqual(flags.filter((flag) => !known.includes(flag) && !MISTAKES.flags.includes(flag)), [], words.join(" "));
  }
});

Deno.test("what is normalised stays as it is, and so does the page", () => {
  equal(normalise(page, {}), page);
  const line = "2027-03-04T05:06:07.891Z GET / status=200 ms=84.6 request=db93e0a4-fd45-4c89-ba15-9c1da33924d9";
  equal(
    normalise(`/tmp/x/y ${line}`, { "/tmp/x": "/home/ada" }),
    "/home/ada/y 2026-01-01T09:00:00.000Z GET / status=200 ms=4.2 request=0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0",
  );
});
