/** `sluice gateway`, as its users start it. */

import { saysWhere, type Server, startServer } from "../processes.ts";
import type { Rival, RivalContext } from "./rival.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** What `sluice serve` has too, so that the two differ in nothing but routing. */
export const HEAD = 'listen = "127.0.0.1:0"\naccessLog = "none"\n';

/** A gateway, and the file that it reads. */
export interface SluiceGateway extends Server {
  /** Path of the file; SIGHUP has it read again. */
  readonly file: string;
}

/**
 * Starts it.
 *
 * @param text of its file, as TOML, behind the head
 */
export async function startSluiceGateway(text: string, { dir: base, signal }: RivalContext): Promise<SluiceGateway> {
  const dir = await Deno.makeTempDir({ dir: base });
  const file = `${dir}/sluice.toml`;
  await Deno.writeTextFile(file, HEAD + text);
  const command = [Deno.execPath(), "run", "-A", "cli.ts", "gateway", "-c", file];
  return Object.assign(await startServer(command, { dir, ready: saysWhere, signal, cwd: ROOT }), { file });
}

/** Its only route, written in TOML for what it is started with. */
function route(name: string, write: (subject: string) => string): Rival {
  return {
    name,
    compiles: true,
    start: (subject, context) => startSluiceGateway(`[[routes]]\n${write(JSON.stringify(subject))}\n`, context),
  };
}

/** Serves a directory. */
export const sluiceStatic = route("Sluice", (root) => `path = "/*rest"\nstatic = ${root}`);

/** Passes requests on. */
export const sluiceProxy = route("Sluice", (url) => `path = "/*rest"\nupstream = ${url}`);

/** Runs a program. */
export const sluiceProgram = route("sluice gateway", (program) => `path = "/*rest"\nrun = { file = ${program} }`);

/** Runs a program that replies to the gateway's socket. */
export const sluiceCallback = route("reply by callback", (program) => {
  return `path = "/*rest"\nrun = { file = ${program} }\nreply = { channel = "none" }`;
});
