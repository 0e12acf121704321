/** What all servers under test have in common. */

import type { Server } from "../processes.ts";

export type { Server } from "../processes.ts";

/** What a rival is started with. */
export interface RivalContext {
  /** Temporary directory, removed at the end of the run. */
  dir: string;
  signal: AbortSignal;
}

/** A server that can run any program, most of them in a fresh process a request; or one that serves something else. */
export interface Rival {
  readonly name: string;
  /** True if it compiles its code while it runs, so that its first requests are slower. */
  readonly compiles?: boolean;
  /**
   * Starts it on a loopback port.
   *
   * @param program path of its only program; of a gateway, the directory or the URL of the upstream that it serves
   */
  start(program: string, context: RivalContext): Promise<Server>;
}

/**
 * Links the program under a name that ends in `.cgi`, for servers that want a CGI head: our programs in C tell by their name
 * whether to print one, so every rival runs the same file.
 */
export async function linkAsCgi(program: string, dir: string): Promise<string> {
  const link = `${dir}/program.cgi`;
  await Deno.symlink(program, link);
  return link;
}
