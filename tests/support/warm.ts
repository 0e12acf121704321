/** Programs run warm without a server: what comes out of them, to the byte. */

import { deepEqual } from "node:assert/strict";
import { dirname, join } from "node:path";
import { findCommand } from "../../src/process/find_command.ts";
import { findInterpreter, Languages } from "../../src/process/languages.ts";
import type { Child, LaunchSpec } from "../../src/process/launcher.ts";
import { warmLauncher } from "../../src/process/launchers.ts";
import { libc } from "../../src/process/libc.ts";
import { runnerFile, warmFile } from "../../src/process/runners.ts";
import type { WarmLauncher } from "../../src/process/warm/warm_launcher.ts";
import { readAll } from "./sources.ts";

// It stays open as long as the process lives: opened here, no test is taken to have leaked it.
libc();

/** How to start a warm parent. */
export interface WarmSettings {
  /** The language's warm part. */
  readonly part: string;
  /** The argument list of a cold run; its first word is looked up on PATH. */
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly sources?: readonly string[];
  /** Collects what the parent says. */
  readonly said?: string[];
  readonly sparesMax?: number;
  readonly runsMax?: number;
}

/** How to start a script in Python. */
export function pythonSettings(script: string, more: Partial<WarmSettings> = {}): WarmSettings {
  const interpreter = findInterpreter(new Languages().named("python"))!;
  return {
    part: "python.py",
    argv: [interpreter, "-X", "utf8", runnerFile("python.py"), script],
    sources: [script, join(dirname(script), "warm.py")],
    ...more,
  };
}

/** A run that is started cold when it can't be warm. */
export function eitherWay({ argv, env = {} }: WarmSettings, more: Partial<LaunchSpec> = {}): LaunchSpec {
  return { argv, env: { PATH: Deno.env.get("PATH")!, ...env }, stdin: "null", onStderr: () => {}, ...more };
}

/** Makes a launcher and waits until it is ready; fails when it refuses. */
export async function startWarm(settings: WarmSettings): Promise<WarmLauncher> {
  const launcher = makeWarm(settings);
  await launcher.prepare();
  try {
    deepEqual(launcher.state, { kind: "ready" }, settings.said?.join("\n"));
  } catch (error) {
    await launcher[Symbol.asyncDispose]();
    throw error;
  }
  return launcher;
}

/** Makes a launcher that has not loaded yet. */
export function makeWarm(settings: WarmSettings): WarmLauncher {
  const { part, argv: [command, ...args], env = {}, sources = [], said = [], sparesMax = 4, runsMax = 256 } = settings;
  const decoder = new TextDecoder();
  return warmLauncher({
    argv: [findCommand(command)!, ...args],
    env: { PATH: Deno.env.get("PATH")!, ...env },
    how: "fork",
    waitEnv: { SLUICE_WARM: warmFile(part) },
    reuse: Number(env.SLUICE_REUSE ?? 1),
    cwd: undefined,
    sources,
    sparesMax,
    runsMax,
    onOutput: (chunk) => void said.push(decoder.decode(chunk)),
    onEvent: (_level, message) => void said.push(message),
  }) as WarmLauncher;
}

/** A run that has ended. */
export interface WarmOutcome {
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly pid: number;
}

/** Runs a program once, to its end. */
export async function runWarm(
  launcher: WarmLauncher,
  variables: Readonly<Record<string, string>>,
  stdin: LaunchSpec["stdin"] = "null",
): Promise<WarmOutcome> {
  const decoder = new TextDecoder();
  let stderr = "";
  const child: Child = await launcher.launch({
    argv: ["/nonexistent"], // a cold start would fail
    env: {},
    variables,
    stdin,
    onStderr: (chunk) => stderr += decoder.decode(chunk, { stream: true }),
  });
  const stdout = await readAll(child.stdout);
  const exit = await child.exit;
  await child.close();
  return { stdout, stderr, pid: child.pid, ...exit };
}
