/** Writes the examples of each language into docs/programs.md; with `--check` only says whether they are there already. */

import { languages } from "../src/process/language_table.ts";

const PAGE = new URL("../docs/programs.md", import.meta.url);
const EXAMPLES = new URL("../examples/services/", import.meta.url);
const BEGIN = "<!-- examples: written by scripts/docs.ts -->\n";
const END = "<!-- end of examples -->";

/** One entry of examples/services/expected.json. */
interface Example {
  readonly file: string;
  readonly language: string;
}

/** The page with its examples as they are in examples/services. */
export async function pageWithExamples(): Promise<{ present: string; wanted: string }> {
  const present = await Deno.readTextFile(PAGE);
  const examples: Example[] = JSON.parse(await Deno.readTextFile(new URL("expected.json", EXAMPLES)));
  const sections = await Promise.all(languages.map((language) => section(language.name, examples)));
  const [before, after] = [present.split(BEGIN)[0], present.split(END)[1]];
  return { present, wanted: before + BEGIN + "\n" + sections.join("") + END + after };
}

/** A language with a runner shows how it sets a status; another one how it reads its request. */
async function section(language: string, examples: readonly Example[]): Promise<string> {
  const files = examples.filter((example) => example.language === language).map((example) => example.file);
  const file = files.find((file) => file.startsWith("status.") && !file.endsWith(".cgi")) ??
    files.find((file) => file === "echo" || file.startsWith("echo."));
  if (!file) throw new Error(`There is no example for ${language}`);
  const text = await Deno.readTextFile(new URL(file, EXAMPLES));
  return `${language}, \`${file}\`:\n\n\`\`\`${fence(file)}\n${text.trimEnd()}\n\`\`\`\n\n`;
}

/** Name of a code block's language; Deno must not take the blocks for examples of its own to test. */
function fence(file: string): string {
  const extension = /\.(\w+)$/.exec(file)?.[1] ?? "";
  return /^[cm]?[jt]sx?$/.test(extension) ? `${extension} ignore` : extension;
}

if (import.meta.main) {
  const { present, wanted } = await pageWithExamples();
  if (present !== wanted) {
    if (Deno.args.includes("--check")) {
      console.error("docs/programs.md does not show the examples as they are: run deno run -A scripts/docs.ts");
      Deno.exit(1);
    }
    await Deno.writeTextFile(PAGE, wanted);
  }
}
