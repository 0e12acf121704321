/** What stands in docs/protocols: worked examples by their names, and tables of bounds. */

import { Buffer } from "node:buffer";
import { fail } from "node:assert/strict";

const folder = new URL("../../docs/protocols/", import.meta.url);

/** The text of one protocol, such as `mesh.md`. */
export function protocolText(file: string): string {
  return Deno.readTextFileSync(new URL(file, folder));
}

/** The block behind `<!-- example: NAME -->`, by its lines. */
export function exampleOf(file: string, name: string): string[] {
  const [, after] = protocolText(file).split(`<!-- example: ${name} -->`);
  const [, block] = /^\s*```\w*\n([^]*?)\n```/.exec(after ?? "") ?? [];
  return (block ?? fail(`There is no example ${name} in ${file}`)).split("\n");
}

/** An example of bytes: `name: hex`, and further hex in the lines below. */
export function bytesOf(file: string, name: string): Record<string, Buffer> {
  const found: Record<string, string> = {};
  let last = "";
  for (const line of exampleOf(file, name)) {
    const [, label, hex] = /^(?:(\S[^:]*):)?\s*([\da-f]+)$/.exec(line) ?? fail(`No bytes: ${line}`);
    last = label ?? last;
    found[last] = (found[last] ?? "") + hex;
  }
  return Object.fromEntries(Object.entries(found).map(([label, hex]) => [label, Buffer.from(hex, "hex")]));
}

/** Text of an example in which line ends and the like are written out. */
export function unescaped(text: string): string {
  return text.replaceAll("\\r", "\r").replaceAll("\\n", "\n").replaceAll("\\0", "\0");
}

/** The table below "## Bounds": numbers by what they bound. */
export function boundsOf(file: string): Map<string, number> {
  const [, after] = protocolText(file).split("\n## Bounds\n");
  const rows = after.split("\n## ")[0].matchAll(/^\| (.*?) +\| ([\d,]+)(?: [a-z]+)? +\|$/gm);
  return new Map(Array.from(rows, ([, what, bound]) => [what, Number(bound.replaceAll(",", ""))]));
}

/** Bytes as texts, in the order of their names: what differs is seen. */
export function hexOf(bytes: Record<string, Buffer>): Record<string, string> {
  return Object.fromEntries(Object.entries(bytes).map(([name, value]) => [name, value.toString("hex")]).sort());
}
