/** A small release, with a stand-in for the executable, and its installation by install.sh. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packFolder, sumsOf } from "../../scripts/build/archives.ts";
import { write } from "../../scripts/build/tree.ts";
import { makeFolder } from "./folder.ts";
import { within } from "./within.ts";

/** The script. */
export const INSTALL = fileURLToPath(new URL("../../scripts/install.sh", import.meta.url));
/** What the stand-ins are for; no machine that runs tests is one. */
export const TARGET = "sparc-test-system";

/** Files of a stand-in for a version, by their paths below the prefix. */
export function standIn(version: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    "bin/sluice": `#!/bin/sh\necho ${version}\n`,
    "share/man/man1/sluice.1": `.TH SLUICE 1 "" ${version}\n`,
    "systemd/sluice-gateway.service": "[Service]\n",
    ...more,
  };
}

/** Writes archives and their sums into a folder. */
export async function writeRelease(folder: string, versions: Readonly<Record<string, Record<string, string>>>) {
  await Deno.mkdir(folder, { recursive: true });
  const archives: string[] = [];
  for (const [version, files] of Object.entries(versions)) {
    await using tree = await makeFolder();
    for (const [path, text] of Object.entries(files)) {
      await write(tree.file(path), text, text.startsWith("#!") ? 0o755 : 0o644);
    }
    archives.push(await packFolder(tree.path, `sluice-${version}-${TARGET}`, folder, new Date(0)));
  }
  await Deno.writeTextFile(join(folder, "SHA256SUMS"), await sumsOf(archives));
}

/** How the script is run. */
export interface InstallSettings {
  /** Its text, if not that of the file. */
  readonly script?: string;
  /** The shell and its options. */
  readonly shell?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** SIGTERM is sent to it when this resolves. */
  readonly stop?: Promise<unknown>;
}

/** Runs the script with a home of its own. */
export async function runInstall(home: string, args: readonly string[], settings: InstallSettings = {}) {
  const [shell, ...options] = settings.shell ?? ["sh"];
  const words = settings.script === undefined ? [INSTALL, ...args] : ["-s", "--", ...args];
  const process = new Deno.Command(shell, {
    args: [...options, ...words],
    clearEnv: true,
    env: { HOME: home, PATH: Deno.env.get("PATH")!, ...settings.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  const fed = writer.write(new TextEncoder().encode(settings.script ?? "")).then(() => writer.close());
  fed.catch(() => {/* it ended without reading to the end */});
  settings.stop?.then(() => process.kill("SIGTERM"));
  const { code, stdout, stderr } = await within("install.sh ends", process.output());
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
