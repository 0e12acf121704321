/** What the benchmark needs of the system: Debian's packages, and our small C programs, compiled into a directory. */

import { run } from "./processes.ts";

/** php-fpm's command: its name holds the version, here Debian 12's. */
export const PHP_FPM = "php-fpm8.2";

/** Command to Debian package. */
const PACKAGES: Readonly<Record<string, string>> = {
  wrk: "wrk",
  h2load: "nghttp2-client",
  lighttpd: "lighttpd",
  nginx: "nginx-light",
  caddy: "caddy",
  fcgiwrap: "fcgiwrap",
  webhook: "webhook",
  gcc: "gcc",
  python3: "python3",
  ruby: "ruby",
  perl: "perl",
  php: "php-cli",
  [PHP_FPM]: "php-fpm",
  node: "nodejs",
  npm: "npm",
  curl: "curl",
  "redis-server": "redis-server",
  "nats-server": "nats-server",
  etcd: "etcd-server",
};

/** Installs what is missing, as root; otherwise says what to install. */
export async function requireTools(signal: AbortSignal): Promise<void> {
  const missing: string[] = [];
  for (const [command, name] of Object.entries(PACKAGES)) {
    const found = await run(["sh", "-c", `command -v ${command} || true`], signal);
    if (found === "") missing.push(name);
  }
  if (missing.length === 0) return;
  if (Deno.uid() !== 0) throw new Error(`Cannot install as this user: apt-get install ${missing.join(" ")}`);
  await using _ = await forbidUnits();
  const apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"];
  await run([...apt, "update"], signal);
  await run([...apt, "install", "-y", "--no-install-recommends", ...missing, "libc6-dev"], signal);
}

/** While it is held, packages that are installed do not start their services (invoke-rc.d(8)). */
async function forbidUnits(): Promise<AsyncDisposable> {
  const path = "/usr/sbin/policy-rc.d";
  try {
    await Deno.writeTextFile(path, "#!/bin/sh\nexit 101\n", { createNew: true, mode: 0o755 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return { [Symbol.asyncDispose]: () => Promise.resolve() }; // the system has a policy of its own
  }
  return { [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** Compiles `c/NAME.c` into `dir` and returns the executable's path. */
export async function compile(name: string, dir: string, signal: AbortSignal): Promise<string> {
  const out = `${dir}/${name}`;
  const source = new URL(`./c/${name}.c`, import.meta.url).pathname;
  await run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-pthread", "-o", out, source], signal);
  return out;
}
