/** Every launcher that can be had here. */

import type { Exit } from "../../src/errors.ts";
import { CommandLauncher } from "../../src/process/command_launcher.ts";
import { findCommand } from "../../src/process/find_command.ts";
import type { Launcher, LaunchSpec, ResourceUsage } from "../../src/process/launcher.ts";
import { libc } from "../../src/process/libc.ts";
import { PosixLauncher } from "../../src/process/posix_launcher.ts";
import { readAll } from "./sources.ts";

/** A launcher under test, and what it can do on this system. */
export interface Candidate {
  readonly title: string;
  readonly launcher: Launcher;
  /** Its children lead a process group of their own. */
  readonly groups: boolean;
  /** It tells what a child used, and keeps its pid taken until `close`. */
  readonly reaps: boolean;
}

const library = libc();
const setsid = findCommand("setsid");
if (!library) console.log("not tested: PosixLauncher, for want of Linux and --allow-ffi");
if (!setsid) console.log("not tested: CommandLauncher with setsid, for want of setsid");

/** The launchers; made once, before any test, because the C library stays open. */
export const candidates: readonly Candidate[] = [
  ...library ? [{ title: "PosixLauncher", launcher: new PosixLauncher(library), groups: true, reaps: true }] : [],
  ...setsid
    ? [{ title: "CommandLauncher with setsid", launcher: new CommandLauncher(setsid), groups: true, reaps: false }]
    : [],
  { title: "CommandLauncher without setsid", launcher: new CommandLauncher(), groups: false, reaps: false },
];

/** What a process left behind. */
export interface Outcome {
  readonly pid: number;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: string;
  readonly exit: Exit;
  readonly usage: ResourceUsage | undefined;
}

/** Arguments that run a line of shell. */
export function shell(line: string, ...args: string[]): LaunchSpec["argv"] {
  return ["/bin/sh", "-c", line, "sh", ...args];
}

/** What to start, with what a test does not care about left out. */
export type Spec = Pick<LaunchSpec, "argv"> & Partial<LaunchSpec>;

/** Fills a specification in. */
export function complete(spec: Spec): LaunchSpec {
  return { env: {}, stdin: "null", onStderr: () => {}, ...spec };
}

/** Runs a program to its end. */
export async function run(launcher: Launcher, spec: Spec): Promise<Outcome> {
  const decoder = new TextDecoder();
  let stderr = "";
  const child = await launcher.launch(
    complete({ ...spec, onStderr: (chunk) => stderr += decoder.decode(chunk, { stream: true }) }),
  );
  const stdout = await readAll(child.stdout);
  const exit = await child.exit;
  const usage = await child.close();
  return { pid: child.pid, stdout, stderr, exit, usage };
}
