/** The examination behind `sluice doctor`. */

import { describeHost, type HostFact } from "../process/host.ts";
import { writeStdout } from "./output.ts";

/** Looks at the host, and prints what was found. */
export async function examine({ json }: { readonly json: boolean }): Promise<void> {
  const facts = await describeHost();
  writeStdout(json ? JSON.stringify(facts, null, 2) + "\n" : table(facts));
}

function table(facts: readonly HostFact[]): string {
  const width = Math.max(...facts.map(({ name }) => name.length));
  const lines = facts.map(({ name, works, says }) => [name, works ? "yes" : "no", says]);
  return [["WHAT", "HERE", "HOW, OR WHY NOT"], ...lines]
    .map(([name, works, says]) => `${name.padEnd(width)}  ${works.padEnd(4)}  ${says}\n`).join("");
}
