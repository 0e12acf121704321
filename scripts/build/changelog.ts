/** Sections of CHANGELOG.md, in the form of Keep a Changelog. */

/**
 * What the changelog says of a version, without its heading.
 *
 * @throws {Error} when it says nothing
 */
export function changelogSection(changelog: string, version: string): string {
  const lines = changelog.split("\n");
  const start = lines.findIndex((line) => line.startsWith("## ") && versionOf(line) === version);
  if (start === -1) {
    const known = lines.filter((line) => line.startsWith("## ")).map(versionOf).join(", ");
    const advice = `write a heading "## [${version}] - DATE" and what has changed below it`;
    throw new Error(`Cannot release ${version}: CHANGELOG.md has ${known || "no version"}; ${advice}`);
  }
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith("## ") || /^\[[^\]]+\]: /.test(line));
  const section = lines.slice(start + 1, length === -1 ? undefined : start + 1 + length).join("\n").trim();
  if (section !== "") return section;
  throw new Error(`Cannot release ${version}: CHANGELOG.md says nothing below its heading; write what has changed`);
}

/** The version that a heading names: `## [1.2.0] - 2026-01-31` or `## 1.2.0`. */
function versionOf(heading: string): string {
  return /^## \[?([^\]\s]+)/.exec(heading)?.[1] ?? "";
}
