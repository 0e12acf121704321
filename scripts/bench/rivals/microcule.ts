/** microcule of npm, behind a small server of Node.js: a process a request, its source and request as arguments. */

import { extname } from "node:path";
import { run, saysWhere, startServer } from "../processes.ts";
import type { Rival, RivalContext } from "./rival.ts";

const SERVER = new URL("./microcule_server.mjs", import.meta.url).pathname;

/** microcule's names of languages. Those it can't run are missing. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ".js": "javascript",
  ".pl": "perl",
  ".php": "php",
  ".rb": "ruby",
};

/**
 * What npm is to install. `resource-http`, which only microcule's own command line uses, needs a package that is not in
 * the registry; `request`, which microcule loads and never calls, it does not name: an empty package stands for both.
 */
const PACKAGE = {
  private: true,
  dependencies: { microcule: "6.0.0", request: "file:./empty" },
  overrides: { "resource-http": "file:./empty" },
};

/** Installs microcule and returns the folder it lies in. */
export async function installMicrocule({ dir, signal }: RivalContext): Promise<string> {
  const home = await Deno.makeTempDir({ dir });
  await Deno.mkdir(`${home}/empty`);
  await Deno.writeTextFile(`${home}/empty/package.json`, JSON.stringify({ name: "empty", version: "1.0.0" }));
  await Deno.writeTextFile(`${home}/empty/index.js`, "");
  await Deno.writeTextFile(`${home}/package.json`, JSON.stringify(PACKAGE));
  await run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", home], signal);
  return home;
}

/** microcule, from the folder that it was installed to. */
export function microcule(home: string): Rival {
  return {
    name: "microcule",
    compiles: true,
    async start(program, context) {
      const language = LANGUAGES[extname(program)];
      if (language === undefined) {
        throw new Error("its part for Python opens descriptor 3 to read and write, which Python 3 refuses for a pipe");
      }
      const dir = await Deno.makeTempDir({ dir: context.dir });
      return startServer(["node", SERVER, home, language, program], { dir, ready: saysWhere, signal: context.signal });
    },
  };
}
