/** Everything about the code that can be told without running it, and the examples in its documentation. */

import $ from "dax";

const sources = ["mod.ts", "cli.ts", "src", "tests", "scripts", "examples"];
const steps: [name: string, run: () => PromiseLike<unknown>][] = [
  ["format", () => $`deno fmt --check`],
  ["lint", () => $`deno lint ${sources}`],
  ["types", () => $`deno check ${sources}`],
  ["documentation", () => $`deno doc --lint mod.ts`],
  ["examples in documentation", () => $`deno test --doc -A mod.ts src README.md docs`],
  ["examples on the page", () => $`deno run -A scripts/docs.ts --check`],
  ["commands on the page", () => $`deno run -A scripts/cli_docs.ts --check`],
  ["package", () => $`deno publish --dry-run --allow-dirty`.quiet()],
];

for (const [name, run] of steps) {
  $.logStep(name);
  await run();
}
