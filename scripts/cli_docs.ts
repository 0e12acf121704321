/** Writes every command with its flags into docs/cli.md, from what `--help` is made of; with `--check` only says whether they are there. */

import $ from "dax";
import {
  type ArgumentModel,
  type CommandModel,
  everyCommand,
  type OptionModel,
  readCommand,
} from "../src/cli/help/command_tree.ts";
import { makeSluice } from "../src/cli/commands.ts";
import { helpTexts } from "../src/cli/help/examples.ts";
import { EXIT_CODES, VARIABLES } from "../src/cli/help/manual_page.ts";

const PAGE = new URL("../docs/cli.md", import.meta.url);
const BEGIN = "<!-- commands: written by scripts/cli_docs.ts -->\n";
const END = "<!-- end of commands -->";

/** The page as it is, and as it has to be. */
export async function cliPage(): Promise<{ present: string; wanted: string }> {
  const present = await Deno.readTextFile(PAGE);
  const root = readCommand(makeSluice());
  const [before, after] = [present.split(BEGIN)[0], present.split(END)[1]];
  const page = before + BEGIN + "\n" + reference(root) + END + after;
  return { present, wanted: await $`deno fmt --ext md -`.stdinText(page).text("stdout").then((text) => text + "\n") };
}

/** Everything that is said of the commands. */
function reference(root: CommandModel): string {
  const commands = everyCommand(root).filter(({ path }) => path.length > 0);
  return [
    table(["command", "does"], commands.map((command) => [link(command), text(command.description)])),
    "Exit codes:\n\n",
    table(["code", "meaning"], Object.entries(EXIT_CODES).map(([code, meaning]) => [code, text(meaning)])),
    "Variables of every command:\n\n",
    table(["variable", "meaning"], Object.entries(VARIABLES).map(([name, meaning]) => [code(name), text(meaning)])),
    ...commands.map(section),
  ].join("");
}

function section(command: CommandModel): string {
  const { note, examples } = helpTexts[command.name] ?? { examples: [] };
  const lines = examples.map(({ does, lines }) => `# ${does}\n${lines.join("\n")}\n`);
  return [
    `${"#".repeat(command.path.length + 1)} ${code(command.name)}\n\n`,
    `${text(command.description[0].toUpperCase() + command.description.slice(1))}.\n\n`,
    `\`\`\`\n${command.usage.join("\n")}\n\`\`\`\n\n`,
    table(["argument", "meaning"], command.arguments.map(argumentRow)),
    table(["option", "default", "variable", "meaning"], command.options.filter(isOwn).map(optionRow)),
    note === undefined ? "" : `\`\`\`\n${note}\n\`\`\`\n\n`,
    lines.length > 0 ? `\`\`\`sh\n${lines.join("\n")}\`\`\`\n\n` : "",
  ].join("");
}

/** `--help` is said once for all. */
function isOwn({ names }: OptionModel): boolean {
  return !names.includes("--help");
}

function argumentRow({ name, description, choices, isVariadic }: ArgumentModel): string[] {
  const choice = choices.length > 0 ? `; one of ${choices.map(code).join(", ")}` : "";
  return [code(name.toUpperCase() + (isVariadic ? "..." : "")), text(description) + choice];
}

function optionRow({ names, value, preset, variable, description, choices }: OptionModel): string[] {
  const choice = choices.length > 0 ? `; one of ${choices.map(code).join(", ")}` : "";
  return [
    code(names.join(", ") + (value ? ` <${value.name}>` : "")),
    preset === undefined ? "" : text(preset),
    variable === undefined ? "" : code(variable),
    text(description) + choice,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |\n`).join("") + "\n";
}

function link({ name }: CommandModel): string {
  return `[${code(name)}](#${name.replaceAll(" ", "-")})`;
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** Text whose signs mean nothing to Markdown, but for what stands between backticks. */
function text(text: string): string {
  return text.split(/(`[^`]*`)/).map((part, index) => {
    return index % 2 === 0 ? pages(part.replace(/[\\*<>[\]|]/g, "\\$&")) : part.replaceAll("|", "\\|");
  }).join("");
}

/** A page that help names is beside this one. */
function pages(text: string): string {
  return text.replace(/\bdocs\/(\w+\.md)/g, "[$1]($1)");
}

if (import.meta.main) {
  const { present, wanted } = await cliPage();
  if (present !== wanted) {
    if (Deno.args.includes("--check")) {
      console.error("docs/cli.md has other commands than --help: run deno run -A scripts/cli_docs.ts");
      Deno.exit(1);
    }
    await Deno.writeTextFile(PAGE, wanted);
  }
}
