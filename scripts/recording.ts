/**
 * Writes docs/terminal.md: a tour of the command line as it is seen on a terminal. It is taken by a real shell in tmux, in a
 * home of its own; the ports that it uses have to be free: 3000, 3060, 4300, 4301, 8080, 9000.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { normalise } from "./recording/normalise.ts";
import { COLUMNS, ROWS, Screen } from "./recording/screen.ts";
import { files, type Step, tour } from "./recording/tour.ts";

const PAGE = new URL("../docs/terminal.md", import.meta.url);
const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));

const HEAD = `# At a terminal

A recording of a terminal with ${COLUMNS} columns and ${ROWS} rows. It is made by \`deno task recording\`, which types what stands
behind each \`$\` in a real shell; times, identifiers and rates are replaced by fixed ones. Where a step has several
screens, they are terminals beside each other.
`;

/** How terminals are called in the page. */
const NAMES = { one: "In one terminal:", two: "In another one:", three: "In a third one:" };

/** Takes a tour, and gives the page. */
async function record(steps: readonly Step[]): Promise<string> {
  await using home = await makeHome();
  await using screen = new Screen({ home: home.path, path: `${await makeCommand(home.path)}:${Deno.env.get("PATH")}` });
  const sections: string[] = [];
  for (const step of steps) sections.push(await take(step, screen, home.path));
  return [HEAD, ...sections].join("\n");
}

/** A home with the files of the tour. */
async function makeHome(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "sluice-recording-" });
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(path, name), text);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/**
 * Makes the command `sluice`, with the packages that are here already: in a new home, all would be fetched again.
 *
 * @returns the folder that it lies in
 */
async function makeCommand(home: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout));
  const folder = join(home, ".bin");
  await Deno.mkdir(folder);
  const text =
    `#!/bin/sh\nDENO_DIR='${denoDir}' DENO_NO_UPDATE_CHECK=1 exec '${Deno.execPath()}' run -A '${CLI}' "$@"\n`;
  await Deno.writeTextFile(join(folder, "sluice"), text, { mode: 0o755 });
  return folder;
}

/** Takes one step, and ends what it has started. */
async function take({ title, text, typed }: Step, screen: Screen, home: string): Promise<string> {
  const terminals = [...new Set(typed.map(({ terminal }) => terminal))];
  for (const terminal of terminals) await screen.clear(terminal);
  for (const { terminal, line, shows, where = terminal, lasts = false } of typed) {
    await screen.type(terminal, line);
    await screen.shows(where, shows);
    if (!lasts) await screen.ended(terminal);
  }
  const shots: string[] = [];
  for (const terminal of terminals) {
    const shot = folded(normalise(await screen.text(terminal), { [home]: "/home/ada" })).replace(/\n\$$/, "");
    shots.push(`${terminals.length > 1 ? `${NAMES[terminal]}\n\n` : ""}\`\`\`console\n${shot}\n\`\`\`\n`);
  }
  // The last to come goes first: whoever uses a server is gone before it.
  for (const terminal of terminals.toReversed()) await screen.stop(terminal);
  return `## ${title}\n\n${text}\n\n${shots.join("\n")}`;
}

/** Wraps lines as the terminal does, now that they have the length that they have in the page. */
function folded(text: string): string {
  return text.split("\n").flatMap((line) => line.match(new RegExp(`.{1,${COLUMNS}}`, "gu")) ?? [""]).join("\n");
}

if (import.meta.main) await Deno.writeTextFile(PAGE, await record(tour));
