/** Documents of a Debian package that have a form of their own. */

/** `debian/changelog` (Debian policy 4.4): what changed in Sluice stands in its own, beside this one. */
export function debianChangelog(version: string, date: Date, maintainer: string): string {
  const when = date.toUTCString().replace("GMT", "+0000");
  return `sluice (${version}) unstable; urgency=medium

  * The release of this version; what has changed in it stands in changelog.gz.

 -- ${maintainer}  ${when}
`;
}

/**
 * `debian/copyright`, with the licence of both parts: paragraphs as in DEP-5, but for the line that names its form by an
 * address.
 */
export function debianCopyright(licence: string): string {
  const [, holder] = /^Copyright \(c\) (.+)$/m.exec(licence) ?? [];
  if (holder === undefined) throw new Error("Cannot tell whose LICENSE is: it has no line Copyright (c) YEAR HOLDER");
  const text = licence.slice(licence.indexOf("Permission is")).trim().split("\n")
    .map((line) => line === "" ? " ." : ` ${line}`).join("\n");
  return `Upstream-Name: sluice
Comment: /usr/share/doc/sluice/NOTICES has the licences of the packages that
 /usr/lib/sluice/*.js are bundled from.

Files: *
Copyright: ${holder}
License: Expat

Files: usr/lib/sluice/deno
Copyright: 2018-2026 the Deno authors
License: Expat

License: Expat
${text}
`;
}
