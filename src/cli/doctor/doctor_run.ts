/** The examination behind `sluice doctor`. */

import { resolve } from "node:path";
import { describeHost } from "../../process/host.ts";
import type { HostFact, Verdict } from "../../process/host/fact.ts";
import { defaultFolder } from "../streams/loom_settings.ts";
import { writeStdout } from "../output.ts";
import { FAILED, INTERRUPTED } from "../exit_codes.ts";
import { StopSignals } from "../signals.ts";
import { type Cell, tableText } from "../terminal/table.ts";
import { type Style, type Terminal, terminal } from "../terminal/terminal.ts";
import { UsageError } from "../usage.ts";

/** What flags and variables gave. */
export interface DoctorFlags {
  readonly data?: string;
  readonly json: boolean;
  readonly color?: boolean;
}

const STYLES: Readonly<Record<Verdict, Style>> = { ok: "green", warn: "yellow", bad: "red" };

/** Looks at the host, prints what was found, and ends the process with 1 when something is bad. */
export async function examine({ data, json, color }: DoctorFlags): Promise<void> {
  using signals = new StopSignals();
  const interruption = new AbortController();
  signals.told.then(() => interruption.abort());
  const { signal } = interruption;
  // What is under way ends by itself, and removes its files; whoever is in a hurry does not wait for a dead disk.
  signals.exitWhenHurried();
  const facts = await describeHost({ store: data ? resolve(data) : usualFolder(), signal });
  if (signal.aborted) Deno.exit(INTERRUPTED);
  writeStdout(json ? jsonText(facts) : doctorTable(facts, terminal("stdout", color)));
  if (facts.some(({ verdict }) => verdict === "bad")) Deno.exit(FAILED);
}

function usualFolder(): string | undefined {
  try {
    return defaultFolder();
  } catch (error) {
    if (error instanceof UsageError) return undefined; // there is no home: that is told of the store
    throw error;
  }
}

function jsonText(facts: readonly HostFact[]): string {
  const rows = facts.map(({ name, verdict, found, mend = null }) => ({ name, verdict, found, mend }));
  return JSON.stringify(rows, null, 2) + "\n";
}

/** What was found, for people. */
export function doctorTable(facts: readonly HostFact[], where: Pick<Terminal, "columns" | "color">): string {
  const rows = facts.map(({ name, verdict, found, mend }): Cell[] => [
    name,
    { text: verdict, style: STYLES[verdict] },
    mend === undefined ? found : `${found}; to do: ${mend}`,
  ]);
  return tableText(["WHAT", "VERDICT", "FOUND"], rows, where);
}
