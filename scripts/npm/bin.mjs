#!/usr/bin/env node
/**
 * `sluice` where it was installed from npm: finds Deno and runs the command line on it, as if there were nothing between
 * the two and whoever started this.
 */

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../cli/sluice.js", import.meta.url));
/** Everything is in the bundle: nothing is looked for anywhere else, and no file of settings that lies about is read. */
const FLAGS = ["-A", "--unstable-kv", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--cached-only"];
/** They are for whoever they are sent to, and that is never meant to be this process. */
const PASSED_ON = ["SIGTERM", "SIGHUP", "SIGUSR2"];
/** A terminal sends them to all who work in its foreground, and so to Deno too. */
const OF_TERMINAL = ["SIGINT", "SIGQUIT"];

let whyNoPackage = "";
const child = spawn(findDeno(), ["run", ...FLAGS, CLI, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: environment(),
});
for (const signal of PASSED_ON) process.on(signal, () => child.kill(signal));
for (const signal of OF_TERMINAL) {
  process.on(signal, () => {
    if (!isInForeground()) child.kill(signal);
  });
}
child.on("error", (error) => {
  const why = error.code === "ENOENT" ? `there is none on PATH, and none in the package deno (${whyNoPackage})` : error;
  console.error(`sluice: Cannot run Deno: ${why}; put deno 2.9 or later on PATH, or install the package anew`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  process.exitCode = 128 + constants.signals[signal]; // for signals that Node.js ignores
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});

/** The Deno of the npm package; on systems that it is not made for, the one on PATH. */
function findDeno() {
  try {
    return createRequire(import.meta.url)("deno/install_api.cjs").runInstall();
  } catch (error) {
    whyNoPackage = error.message.split("\n")[0];
    return "deno";
  }
}

/**
 * Deno shall not look for a newer version of itself, and programs that are served shall not see that it was told so: the
 * command line puts back what it is told in `SLUICE_LAUNCHER_*`, as scripts/build/launched/environment.ts says.
 */
function environment() {
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: "1", SLUICE_LAUNCHER: "1" };
  for (const name of ["HOME", "DENO_DIR", "DENO_NO_UPDATE_CHECK"]) {
    if (process.env[name] !== undefined) env[`SLUICE_LAUNCHER_${name}`] = process.env[name];
  }
  return env;
}

/** True when a signal of the terminal reaches Deno without us: it is in the foreground, as this process is. */
function isInForeground() {
  try {
    const fields = readFileSync("/proc/self/stat", "latin1").replace(/^.*\) /s, "").split(" ");
    const [group, foreground] = [fields[2], fields[5]]; // proc_pid_stat(5): pgrp and tpgid
    return group === foreground;
  } catch {
    // This is no Linux.
  }
  try {
    closeSync(openSync("/dev/tty"));
    return true;
  } catch {
    return process.platform === "win32"; // a console does as a terminal does
  }
}
