/**
 * The warm part of the JavaScript runner on Node.js and Bun, which cannot fork: a process that was started ahead loads
 * what its script is likely to use and waits for the one run it is for. `docs/warm.md` describes what passes between it
 * and the server. Of the script itself nothing is loaded before the run, so that a change of it is never missed.
 */

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const REQUEST = 3; // the run's variables, each `NAME=value` and a NUL; its end without a byte: there is none
const READY = 4;
const CHUNK_BYTES = 65_536;

/** Modules that can be loaded without a warning or another trace. */
const QUIET = new Set(
  ("assert async_hooks buffer child_process crypto dns dns/promises events fs fs/promises http https net os path " +
    "querystring readline stream stream/promises timers/promises tls url util vm worker_threads zlib").split(" "),
);
/** What makes a script a user of the Fetch API, whose first use takes 20 ms on Node.js. */
const FETCH = /\bexport default\b|\b(?:fetch|Headers|Request|Response)\b/;

/** Comes back when the variables of the run stand in the environment. */
export async function becomeChild() {
  const script = path.resolve(process.argv[2]);
  preload(script);
  await runHook(script);
  fs.writeSync(READY, "\n");
  fs.closeSync(READY);
  const variables = readRequest();
  fs.closeSync(REQUEST);
  if (variables === "") process.exit(0);
  for (const variable of variables.split("\0").slice(0, -1)) {
    const equals = variable.indexOf("=");
    if (equals > 0) process.env[variable.slice(0, equals)] = variable.slice(equals + 1);
  }
}

/** Loads what the script's text speaks of. That is a guess, and what it costs to be wrong is only time. */
function preload(script) {
  let code;
  try {
    code = fs.readFileSync(script, "utf8");
  } catch {
    return; // the run says so
  }
  process.getBuiltinModule("node:module");
  process.getBuiltinModule("node:net"); // standard input
  for (const [, name] of code.matchAll(/["'](?:node:)?([a-z_/]+)["']/g)) {
    if (QUIET.has(name)) process.getBuiltinModule(`node:${name}`);
  }
  if (FETCH.test(code)) void [new Request("http://localhost/"), new Response("-").body];
}

/** A file named warm beside the script is what its user wants to have loaded besides. */
async function runHook(script) {
  const hook = path.join(path.dirname(script), `warm${path.extname(script)}`);
  if (hook !== script && fs.existsSync(hook)) await import(pathToFileURL(hook).href);
}

function readRequest() {
  const chunks = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = fs.readSync(REQUEST, chunk);
    if (length === 0) return Buffer.concat(chunks).toString();
    chunks.push(chunk.subarray(0, length));
  }
}
