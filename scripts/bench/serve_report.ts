/** Writes what the benchmark of `sluice serve` measured as Markdown. */

import type { Failures } from "./fleet.ts";
import type { Load } from "./load.ts";
import { SPAWN_FLOOR } from "./rivals/floor.ts";
import type { FirstByte } from "./stream.ts";
import { table } from "./table.ts";

/** All that was measured, by the name of the rival. What failed is missing. */
export interface Results {
  rounds: number;
  /** Length of one measurement of load. */
  seconds: number;
  /** By the number of connections, then by name. */
  loads: Map<number, Map<string, Load>>;
  bytesPerSecond: Map<string, number>;
  peakRssBytes: Map<string, number>;
  firstBytes: Map<string, FirstByte>;
  failures: Failures;
}

const SUBJECT = "Sluice";
const MISSING = "–";

export function serveReport(results: Results): string {
  const sections = [
    "## Serving a small program",
    "One fresh process a request: a small C program that prints its query and copies standard input to standard output. " +
    `Medians of ${results.rounds} × ${results.seconds} s, the servers taking turns. Load by wrk, over ` +
    "kept-alive connections, from the same machine.",
    ...[...results.loads].map(([connections, loads]) => loadSection(connections, loads)),
    ...([...results.loads.values()].some((loads) => loads.has(SUBJECT)) ? [ratioSection(results.loads)] : []),
    streamSection(results),
  ];
  const failures = String(results.failures);
  if (failures !== "") sections.push(`### What failed\n\n${failures}`);
  return sections.join("\n\n");
}

function loadSection(connections: number, loads: ReadonlyMap<string, Load>): string {
  const floor = loads.get(SPAWN_FLOOR);
  const rows = [...loads].map(([name, { requestsPerSecond, p50Ms, p99Ms }]) => [
    name,
    requestsPerSecond.toFixed(0),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    // With more connections than cores a request waits for its turn, and the difference is not the server's part.
    ...(connections === 1 ? [floor === undefined ? MISSING : (p50Ms - floor.p50Ms).toFixed(2)] : []),
  ]);
  const ownPart = connections === 1 ? ["own part, ms"] : [];
  const note = connections === 1 ? "\n\nOwn part: p50 less that of posix_spawn and wait alone." : "";
  return `### ${connections} ${connections === 1 ? "connection" : "connections"}\n\n` +
    table(["server", "requests/s", "p50, ms", "p99, ms", ...ownPart], rows) + note;
}

function ratioSection(allLoads: Results["loads"]): string {
  const names = [...new Set([...allLoads.values()].flatMap((loads) => [...loads.keys()]))];
  const others = names.filter((name) => name !== SUBJECT);
  const rows = [...allLoads].map(([connections, loads]) => [
    String(connections),
    ...others.map((name) => {
      const [own, other] = [loads.get(SUBJECT), loads.get(name)];
      return own && other ? (own.requestsPerSecond / other.requestsPerSecond).toFixed(2) : MISSING;
    }),
  ]);
  return `### ${SUBJECT}'s requests/s as a multiple\n\n` +
    table(["connections", ...others.map((name) => `of ${name}'s`)], rows);
}

function streamSection({ bytesPerSecond, peakRssBytes, firstBytes }: Results): string {
  const inMiB = (bytes: number | undefined): string => bytes === undefined ? MISSING : (bytes / 2 ** 20).toFixed(0);
  const names = new Set([...bytesPerSecond.keys(), ...firstBytes.keys()]);
  const rows = [...names].map((name) => {
    const firstByte = firstBytes.get(name);
    return [
      name,
      inMiB(bytesPerSecond.get(name)),
      inMiB(peakRssBytes.get(name)),
      firstByte?.medianMs.toFixed(2) ?? MISSING,
      firstByte ? (firstByte.heldBack ? "yes" : "no") : MISSING,
    ];
  });
  return "### Streaming\n\n" +
    "256 MiB posted and read back at the same time, each byte compared: MiB/s one way, and the peak memory of the " +
    "server's own processes, summed. First byte: from the program's write of a line to its arrival at the client, " +
    "median; held back, if it came only with the program's end.\n\n" +
    table(["server", "MiB/s", "peak memory, MiB", "first byte, ms", "held back"], rows);
}
