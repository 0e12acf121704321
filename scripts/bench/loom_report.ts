/** Writes what the benchmark of streams measured as Markdown. */

import type { Failures } from "./fleet.ts";
import type { Load } from "./load.ts";
import type { Flatness, Opening } from "./loom_store.ts";
import type { Following, Upload } from "./loom_streams.ts";
import { table } from "./table.ts";

/** As many requests are under way at a time. */
export const CONNECTIONS = 32;
export const APPEND_BYTES = 100;
export const READ_BYTES = 1024;

/** What was measured. What failed is missing, or null. */
export interface LoomResults {
  readonly rounds: number;
  readonly seconds: number;
  readonly appends: ReadonlyMap<string, Load>;
  readonly reads: ReadonlyMap<string, Load>;
  readonly following: Following | null;
  readonly upload: Upload | null;
  readonly opening: Opening | null;
  readonly flatness: Flatness | null;
  readonly failures: Failures;
}

const OURS = "Sluice";
const MB = 1e6;

export function loomReport(results: LoomResults): string {
  const { rounds, seconds, appends, reads, following, upload, opening, flatness, failures } = results;
  const failed = failures.toString();
  const sections = [
    "## Keeping streams",
    `Medians of ${rounds} × ${seconds} s, the servers taking turns, over ${CONNECTIONS} connections with one request ` +
    `under way each; one client for all protocols, on the same machine. JetStream of this version has no setting to ` +
    `sync each append: it syncs every two minutes.`,
    `### Appends of ${APPEND_BYTES} bytes, each durable when it is acknowledged\n\n${loadTable(appends)}`,
    `### Reads of ${READ_BYTES} bytes\n\n${loadTable(reads)}`,
    following && followingSection(following),
    upload && uploadSection(upload),
    opening && `### Opening\n\nA store of ${opening.streams} streams is open after ${opening.seconds.toFixed(2)} s.`,
    flatness && flatnessSection(flatness),
    failed && `### Not measured\n\n${failed}`,
  ];
  return sections.filter(Boolean).join("\n\n");
}

function loadTable(loads: ReadonlyMap<string, Load>): string {
  const ours = loads.get(OURS)?.requestsPerSecond;
  const rows = [...loads].map(([name, { requestsPerSecond, p50Ms, p99Ms }]) => [
    name,
    requestsPerSecond.toFixed(0),
    p50Ms.toFixed(2),
    p99Ms.toFixed(2),
    ours === undefined ? "" : (ours / requestsPerSecond).toFixed(2),
  ]);
  return table(["server", "per second", "p50, ms", "p99, ms", "Sluice as a multiple"], rows);
}

function followingSection(following: Following): string {
  const { readers, appendsPerSecond, delivered, expected, p50Ms, p99Ms, longestMs } = following;
  const times = `median ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, longest ${longestMs.toFixed(1)} ms`;
  return `### ${readers} readers of one stream, ${appendsPerSecond} appends a second\n\n` +
    `From the append to each reader, by server-sent events: ${times}. ${delivered} of ${expected} deliveries came.`;
}

function uploadSection({ bytes, bytesPerSecond, diskBytesPerSecond, peakRssBytes }: Upload): string {
  const rate = `${(bytesPerSecond / MB).toFixed(0)} MB/s`;
  const disk = `${(diskBytesPerSecond / MB).toFixed(0)} MB/s`;
  return `### One upload of ${(bytes / 2 ** 20).toFixed(0)} MiB\n\n${rate}, synced; the disk takes a plain file with ` +
    `${disk} (dd, conv=fdatasync): ${(bytesPerSecond / diskBytesPerSecond).toFixed(2)} of that. ` +
    `Peak RSS of the server ${(peakRssBytes / MB).toFixed(0)} MB.`;
}

function flatnessSection(flatness: Flatness): string {
  const rows = [...flatness].map(([bytes, rate]) => [sizeOf(bytes), rate.toFixed(0)]);
  return `### Appends at the end of a long stream\n\nIn the library, ${CONNECTIONS} at a time.\n\n` +
    table(["bytes before", "appends per second"], rows);
}

function sizeOf(bytes: number): string {
  const units = [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]] as const;
  const [unit, size] = units.find(([, size]) => bytes >= size) ?? ["B", 1];
  return `${bytes / size} ${unit}`;
}
