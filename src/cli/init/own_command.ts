/** How this very command is called, so that others can call it: a person, a test, systemd. */

import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { findCommand } from "../../process/find_command.ts";

/** Ways to call it. */
export interface OwnCommand {
  /** With absolute paths. */
  readonly words: readonly string[];
  /** As short as it can be typed here. */
  readonly typed: readonly string[];
  /** What it is run by, where it is a script that looks for that on PATH. */
  readonly runtime?: string;
  /** True where only the executable's own launcher knows its path: it is taken to be put where administrators put theirs. */
  readonly isAssumed?: boolean;
}

/** Where an administrator puts a command (FHS 3.0, 4.9). */
export const INSTALLED = "/usr/local/bin/sluice";

/** The executable or the `sluice` on PATH, else Deno with the file that it runs. */
export function ownCommand(): OwnCommand {
  const onPath = findCommand("sluice");
  const own = Deno.build.standalone ? Deno.execPath() : undefined;
  if (own !== undefined) return { words: [own], typed: [isSame(onPath, own) ? "sluice" : own] };
  if (isUnpacked()) return { words: [onPath ?? INSTALLED], typed: ["sluice"], isAssumed: onPath === undefined };
  const deno = Deno.execPath();
  const isDeno = basename(deno) === "deno";
  if (onPath !== undefined) {
    const runtime = isNodeScript(onPath) ? findCommand("node") : isDeno ? deno : undefined;
    return { words: [onPath], typed: ["sluice"], runtime };
  }
  const rest = ["run", "-A", mainFile()];
  const short = isDeno && isSame(findCommand("deno"), deno) ? "deno" : deno;
  return { words: [deno, ...rest], typed: [short, ...rest] };
}

/** True for the executable that unpacks itself: it runs a Deno of its own, which lies beside the file that it runs. */
export function isUnpacked(): boolean {
  return dirname(mainFile()) === dirname(Deno.execPath());
}

/** True for what npm has installed. */
function isNodeScript(path: string): boolean {
  using file = Deno.openSync(path);
  const head = new Uint8Array(64);
  const count = file.readSync(head) ?? 0;
  return new TextDecoder().decode(head.subarray(0, count)).startsWith("#!/usr/bin/env node\n");
}

function mainFile(): string {
  return Deno.mainModule.startsWith("file:") ? fileURLToPath(Deno.mainModule) : Deno.mainModule;
}

function isSame(one: string | undefined, other: string): boolean {
  return one !== undefined && Deno.realPathSync(one) === Deno.realPathSync(other);
}
