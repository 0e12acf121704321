/** Takes out of a recording what differs from one time to the next, so that the same program makes the same page. */

/** What differs, and what stands in place of it. */
const CHANGING: readonly [RegExp, string][] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "2026-01-01T09:00:00$1Z"],
  [/T09:00:00\.\d+Z/g, "T09:00:00.000Z"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "0b1c2d3e-4f50-4162-8374-95a6b7c8d9e0"],
  [/\b[a-z2-7]{52}\b/g, "a2b3c4d5e6f7".repeat(5).slice(0, 52)],
  [/\bms=[\d.]+/g, "ms=4.2"],
  [/(client=127\.0\.0\.1):\d+/g, "$1"],
  [/[\d.]+( MiB each)/g, "1.0$1"],
  [/\d+ MiB, of which \d+ MiB/g, "16000 MiB, of which 12000 MiB"],
  [/[\d.]+( GB free, )\d+( syncs)/g, "80.0$1800$2"],
  [/[\d.]+( [kM]?B\/s)/g, "60$1"],
  [/^(deno +ok +)\S+ \(V8 [^)]+\)/gm, "$12.9.6 (V8 15.0)"],
];

/**
 * Normalises a text.
 *
 * @param folders what stands in place of folders of this machine
 */
export function normalise(text: string, folders: Readonly<Record<string, string>>): string {
  for (const [folder, shown] of Object.entries(folders)) text = text.replaceAll(folder, shown);
  for (const [pattern, shown] of CHANGING) text = text.replace(pattern, shown);
  return text;
}
