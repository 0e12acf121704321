/** A folder that is served: files below one path, as a route with a wildcard has them. */

import { join } from "node:path";
import type { StaticConfig } from "../../src/gateway/config/target_model.ts";
import { staticFiles } from "../../src/gateway/targets/static_files.ts";
import type { Log } from "../../src/log.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { listen } from "./in_process.ts";

/** Path in front of the files. */
export const PREFIX = "/files/";

/** A folder and its server. The files may be changed. */
export interface Site extends Folder {
  readonly url: string;
  /** What the server said. */
  readonly log: string[];
  /** URL of what lies at a path below the folder, encoded. */
  at(path: string): string;
}

/** A config in which nothing is asked for but the folder. */
export function staticConfig(root: string): StaticConfig {
  return {
    kind: "static",
    root,
    isFile: false,
    index: ["index.html", "default.htm"],
    listing: false,
    precompressed: false,
    noCache: false,
    fallback: undefined,
  };
}

/** Serves files. The folder is one in a temporary folder, so that there is something beside it that is not served. */
export async function serveFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
  config: Partial<StaticConfig> = {},
): Promise<Site> {
  const outer = await makeFolder();
  const path = outer.file("root");
  await Deno.mkdir(path);
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeFile(join(path, name), typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
  const log: string[] = [];
  const onLog: Log = (_level, message) => void log.push(message);
  const handler = staticFiles({ ...staticConfig(path), ...config }, { wildcard: "rest", log: onLog });
  const server = await listen((request, info) => {
    const { pathname } = new URL(request.url);
    return handler(request, { ...info, params: { rest: decodeURIComponent(pathname.slice(PREFIX.length)) } });
  });
  return {
    path,
    log,
    url: server.url,
    file: (name) => join(path, name),
    names: () => [...Deno.readDirSync(path)].map(({ name }) => name),
    at: (name) => server.url + PREFIX + name,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await outer[Symbol.asyncDispose]();
    },
  };
}
