/** The version of Deno is one, wherever it is named. */

import { deepEqual, notDeepEqual } from "node:assert/strict";

const root = new URL("../../", import.meta.url);
/** What names it, and how. */
const PLACES: Readonly<Record<string, RegExp>> = {
  ".ci/run": /deno@(\d+\.\d+\.\d+)/g,
  "README.md": /deno@(\d+\.\d+\.\d+)/g,
  "packaging/docker/Dockerfile": /(\d+\.\d+\.\d+)/g,
  "scripts/npm.ts": /"(\d+\.\d+\.\d+)"/g,
};

for (const [place, pattern] of Object.entries(PLACES)) {
  Deno.test(`${place} names the version of Deno that runs this`, async () => {
    const text = await Deno.readTextFile(new URL(place, root));
    const versions = new Set([...text.matchAll(pattern)].map(([, version]) => version));
    notDeepEqual([...versions], [], "it names none");
    deepEqual([...versions], [Deno.version.deno]);
  });
}
