/**
 * A small HTTP server of Node.js that hands each request to microcule, which starts a process for it.
 * Usage: microcule_server.mjs HOME LANGUAGE FILE, with microcule below HOME. Says where it listens.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";

const [home, language, file] = process.argv.slice(2);
const microcule = createRequire(`${home}/package.json`)("microcule");
const spawn = microcule.plugins.spawn({ language, source: readFileSync(file, "utf8"), log: console.error });

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url, "http://localhost");
  request.resource = { params: Object.fromEntries(searchParams) };
  response.setHeader("Content-Type", "text/plain");
  spawn(request, response, () => response.end());
});
server.listen(0, "127.0.0.1", () => console.error(`listening on http://127.0.0.1:${server.address().port} `));
