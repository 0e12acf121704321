/** `sluice registry register`: a service is registered exactly while it runs, whatever happens to it, to us or to the hub. */

import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { findCommand } from "../../src/process/find_command.ts";
import { newKeyPair } from "../../src/net/keys.ts";
import type { Hub } from "../../src/registry/hub/hub.ts";
import type { Service } from "../../src/registry/service.ts";
import { makeFolder } from "../support/folder.ts";
import { makeLifeline } from "../support/lifeline.ts";
import { type LiveCli, startCli } from "../support/live_cli.ts";
import { isRunning } from "../support/processes.ts";
import { next, seen, startHub } from "../support/registry_hub.ts";
import { runCli, type ServeSettings } from "../support/serve.ts";
import { sluiceCommand } from "../support/sluice.ts";
import { until } from "../support/within.ts";

/** Says its process id, its port, and all that it was told of the port; then it runs until it is ended. */
const SERVICE = 'echo "started $$ $PORT $1"; exec sleep 1000';

/** Runs `register`. Disposing it ends it as a user does: killed, it would leave its command behind. */
function register(hub: Hub | string, args: readonly string[], settings?: ServeSettings): LiveCli {
  const cli = startCli(["registry", "register", typeof hub === "string" ? hub : hub.url!, ...args], settings);
  const end = async () => {
    try {
      cli.kill("SIGINT");
    } catch {
      // It has ended.
    }
    await cli.code;
    await cli[Symbol.asyncDispose]();
  };
  return Object.create(cli, { [Symbol.asyncDispose]: { value: end } });
}

/** Behind `--`: a script for sh. */
const script = (text: string): string[] => ["--", "sh", "-c", text, "sh"];
const isThere = (services: readonly Service[]) => services.length === 1;
const isGone = (services: readonly Service[]) => services.length === 0;

/** Waits for the next start of `SERVICE`; gives its process id and port. */
async function started(cli: LiveCli, times = 1): Promise<{ pid: number; port: number }> {
  await cli.said(new RegExp(`(started \\d+ \\d+ \\d+\\n[^]*){${times}}`));
  const [, pid, port, argument] = [...cli.stdout.matchAll(/started (\d+) (\d+) (\d+)/g)][times - 1];
  equal(port, argument);
  return { pid: Number(pid), port: Number(port) };
}

Deno.test("a command gets its port last and as PORT, and is registered with what was said of it until Ctrl-C", async () => {
  await using folder = await makeFolder();
  await using lifeline = await makeLifeline(folder);
  await using hub = await startHub();
  const text = `exec 9>"$LIFELINE"; sleep 1000 & (sleep 1000 & wait) & ${SERVICE}`;
  const meta = ["--meta.zone=eu", "--meta.net.mtu=1500", "--meta", '{"net": {"name": "a"}}', "--range", "20000-29999"];
  await using cli = register(hub, ["web@1.2.3", ...meta, ...script(text)], { env: { LIFELINE: lifeline.path } });
  const { port } = await started(cli);
  ok(port >= 20_000 && port < 30_000);
  const [{ id, ...web }] = await seen(hub, "web", isThere);
  deepEqual(web, {
    role: "web",
    version: "1.2.3",
    host: "127.0.0.1",
    port,
    zone: "eu",
    net: { mtu: 1500, name: "a" },
  });
  await cli.warned(
    new RegExp(`^sluice registry register: registered web@1\\.2\\.3 127\\.0\\.0\\.1:${port} \\[${id}\\]\n`),
  );
  cli.kill("SIGINT");
  await seen(hub, "web", isGone);
  equal(await cli.code, 0, cli.stderr);
  await lifeline.gone();
  equal(cli.stderr.trimEnd().split("\n").length, 1, cli.stderr);
});

Deno.test("the command starts at once, and is registered as soon as there is a hub", async () => {
  const first = await startHub();
  const { port, url } = first;
  await first.close();
  await using cli = register(url!, ["web@1.2.3", ...script(SERVICE)]);
  await started(cli);
  await cli.warned(/^sluice registry register: Cannot reach the hub at \S+: .*; trying again\n/);
  await using hub = await startHub({ port });
  await seen(hub, "web@1.x", isThere);
  await cli.warned(/^sluice registry register: connected to ws:\S+\n/m);
});

Deno.test("a command that is killed is freed at once, and comes back with the same id and port", async () => {
  await using hub = await startHub();
  await using cli = register(hub, ["web", ...script(SERVICE)]);
  const before = await started(cli);
  const [{ id }] = await seen(hub, "web", isThere);
  const freed = next(hub, "free");
  const again = next(hub, "register");
  const killedAt = performance.now();
  Deno.kill(before.pid, "SIGKILL");
  equal((await freed).id, id);
  ok(performance.now() - killedAt < 1000);
  await cli.warned(/: sh ended with signal SIGKILL; it is started again in \d\.\d s\n/);
  const service = await again;
  const after = await started(cli, 2);
  notEqual(after.pid, before.pid);
  deepEqual([service.id, service.port], [id, before.port]);
  equal(after.port, before.port);
});

Deno.test("register itself is killed: its service is gone at every watcher", async () => {
  await using hub = await startHub();
  await using watching = startCli(["registry", "watch", hub.url!]);
  await using cli = register(hub, ["web", ...script(SERVICE)]);
  const { pid } = await started(cli);
  try {
    await watching.said(/REGISTER web /);
    cli.kill("SIGKILL");
    await watching.said(/FREE {5}web /);
  } finally {
    Deno.kill(pid, "SIGKILL"); // nobody is left who would end it, and it has our pipes
  }
  equal(await cli.code, -1);
});

Deno.test("SIGHUP, SIGUSR1 and SIGUSR2 are passed on, and SIGTERM ends it all", async () => {
  await using hub = await startHub();
  const traps = ["HUP", "USR1", "USR2"].map((name) => `trap 'echo got ${name}' ${name}; `).join("");
  await using cli = register(hub, ["web", ...script(`${traps} echo started; while :; do sleep 0.02; done`)]);
  await cli.said(/started/);
  await seen(hub, "web", isThere);
  for (const name of ["HUP", "USR1", "USR2"] as const) {
    cli.kill(`SIG${name}`);
    await cli.said(new RegExp(`got ${name}\n`));
  }
  equal(hub.query("web").length, 1);
  cli.kill("SIGTERM");
  equal(await cli.code, 0, cli.stderr);
});

Deno.test({
  name: "a terminal that is closed ends register and its command",
  ignore: findCommand("script") === undefined,
  fn: async () => {
    await using folder = await makeFolder();
    await using lifeline = await makeLifeline(folder);
    await using hub = await startHub();
    const service = `trap '' HUP; exec 9>"$LIFELINE"; while :; do sleep 0.02; done`;
    const words = [...sluiceCommand(), "registry", "register", hub.url!, "web", ...script(service)];
    const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const settings = { program: "script", env: { LIFELINE: lifeline.path } };
    await using terminal = startCli(["-qec", line, "/dev/null"], settings);
    await seen(hub, "web", isThere);
    terminal.kill("SIGKILL");
    await seen(hub, "web", isGone);
    await lifeline.gone();
  },
});

Deno.test("a second Ctrl-C does not wait for a command that does not want to end", async () => {
  await using hub = await startHub();
  await using cli = register(hub, ["web", ...script(`trap '' TERM INT; echo pid $$; while :; do sleep 0.02; done`)]);
  const pid = Number((await cli.said(/pid (\d+)\n/))[1]);
  await seen(hub, "web", isThere);
  cli.kill("SIGINT");
  await seen(hub, "web", isGone);
  cli.kill("SIGINT");
  equal(await cli.code, 130, cli.stderr);
  await until("the command has ended", () => !isRunning(pid));
});

Deno.test("what the hub refuses ends with 1 and why, and the command with it", async () => {
  const key = newKeyPair();
  await using folder = await makeFolder({ "known.pem": key.toPrivatePem(), "public.pem": key.publicPem });
  await Deno.chmod(folder.file("known.pem"), 0o600);
  await using closed = await startHub({ authorized: [{ key }] });
  await using open = await startHub();
  await open.register("web", { id: "mine", port: 1 });
  await using asking = await startHub({ queryToken: "open-sesame" });
  const cases: [hub: Hub, args: string[], message: RegExp][] = [
    [closed, [], /^sluice: Cannot change anything here: .*; give .* with --key\n$/m],
    [open, ["--id", "mine"], /^sluice: Cannot register mine: another owner has this id/m],
    [asking, ["--token", "wrong-one"], /^sluice: A token .*SLUICE_TOKEN or --token/m],
  ];
  await Promise.all(cases.map(async ([hub, args, message]) => {
    await using lifeline = await makeLifeline(folder);
    const settings = { env: { LIFELINE: lifeline.path } };
    await using cli = register(hub, ["web", ...args, ...script('exec 9>"$LIFELINE"; sleep 1000')], settings);
    equal(await cli.code, 1, cli.stderr);
    match(cli.stderr, message);
    equal(cli.stderr.includes("wrong-one"), false);
  }));
  await using cli = register(closed, ["web", "--key", folder.file("known.pem"), ...script(SERVICE)]);
  await seen(closed, "web", isThere);
  equal(/PRIVATE/.test(cli.stderr), false);
  const unsigned = await runCli([
    "registry",
    "register",
    closed.url!,
    "web",
    "--key",
    folder.file("public.pem"),
    "--port",
    "1",
  ]);
  deepEqual([unsigned.code, unsigned.stdout], [1, ""]);
  match(unsigned.stderr, /^sluice: Cannot sign with .*public\.pem: it holds no private key/);
});

Deno.test("a hub that restarts has the service again; one that refuses it then is asked on, and the command runs", async () => {
  const hub = await startHub();
  const { port, url } = hub;
  await using cli = register(url!, ["web", ...script(SERVICE)]);
  const { pid } = await started(cli);
  const [{ id }] = await seen(hub, "web", isThere);
  await hub.close();
  const second = await startHub({ port });
  equal((await seen(second, "web", isThere))[0].id, id);
  await second.close();
  const third = await startHub({ port, authorized: [] });
  await cli.warned(/: Cannot change anything here: .*; trying again\n/);
  ok(isRunning(pid));
  await third.close();
  await using fourth = await startHub({ port });
  equal((await seen(fourth, "web", isThere))[0].id, id);
  ok(isRunning(pid));
});

Deno.test("a service that another owner takes over is asked for until it is free again", async () => {
  await using hub = await startHub();
  await using cli = register(hub, ["web", "--id", "one", ...script(SERVICE)]);
  const [{ port }] = await seen(hub, "web", isThere);
  await hub.register("web", { id: "one", port: 1 });
  await cli.warned(/: Lost one: another owner .*; trying again\n/);
  await cli.warned(/: Cannot register one: another owner .*; trying again\n/);
  hub.free("one");
  await seen(hub, "web", (services) => services.length === 1 && services[0].port === port);
});

Deno.test("a command that ends while no hub is there is not registered when one is", async () => {
  const first = await startHub();
  const { port, url } = first;
  await first.close();
  await using folder = await makeFolder();
  const flag = folder.file("flag");
  await using cli = register(url!, ["web", ...script(`[ -e "$FLAG" ] && exec sleep 1000; touch "$FLAG"`)], {
    env: { FLAG: flag },
  });
  await cli.warned(/ended with exit code 0/);
  await using hub = await startHub({ port });
  const events: string[] = [];
  hub.addEventListener("register", () => events.push("register"));
  hub.addEventListener("free", () => events.push("free"));
  await seen(hub, "web", isThere);
  deepEqual(events, ["register"]);
});

Deno.test("without a command, what runs elsewhere is registered until a signal, and checked when told", async () => {
  await using hub = await startHub();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const check = ["--check", "tcp", "--check-every", "500ms"];
  await using cli = register(hub, ["db@5.0.0", "--port", String(port), "--host", "127.0.0.1", "--id", "db", ...check]);
  const [service] = await seen(hub, "db@5", isThere);
  deepEqual(service, {
    id: "db",
    role: "db",
    version: "5.0.0",
    host: "127.0.0.1",
    port,
    check: { tcp: true, everyMs: 500 },
  });
  listener.close();
  await seen(hub, "db", isGone);
  cli.kill("SIGINT");
  equal(await cli.code, 0, cli.stderr);
});

Deno.test("several hubs: the next one has the service when one is gone", async () => {
  const first = await startHub();
  await using second = await startHub();
  await using cli = register(`${first.url},${second.url}`, ["web", ...script(SERVICE)]);
  const [{ id }] = await seen(first, "web", isThere);
  await first.close();
  equal((await seen(second, "web", isThere))[0].id, id);
  cli.kill("SIGINT");
  equal(await cli.code, 0, cli.stderr);
});

Deno.test("wrong usage of register ends with 2, before anything is started", async () => {
  const to = ["localhost:1", "web@1.2.3"];
  const wrong: [args: string[], message: RegExp][] = [
    [[], /missing required argument 'hub'/],
    [["localhost:1", "--", "cat"], /missing required argument 'name'/],
    [[...to], /^sluice: Cannot register a service that runs elsewhere without --port/],
    [[...to, "echo", "started"], /^sluice: Cannot tell what echo is: .*-- echo/],
    [[...to, "--colour", "red", "--", "echo"], /unknown option '--colour'/],
    [[...to, "--met", "{}", "--", "echo"], /did you mean --meta\?/],
    [[...to, "--meta", "red", "--", "echo"], /It is JSON/],
    [[...to, "--meta", "[]", "--", "echo"], /^sluice: Cannot use the JSON of --meta/],
    [[...to, "--meta.__proto__.x=1", "--", "echo"], /^sluice: Cannot use --meta\.__proto__\.x=1/],
    [[...to, "--meta.port=1", "--", "echo"], /^sluice: Cannot set port as metadata: --port says it/],
    [[...to, "--port", "0", "--", "echo"], /It is a port from 1/],
    [[...to, "--range", "9-1", "--", "echo"], /It is two ports/],
    [[...to, "--range", "1-9", "--port", "5", "--", "echo"], /contradict each other/],
    [[...to, "--check", "udp", "--", "echo"], /^sluice: Cannot check a service by udp: it is tcp, or http:\/PATH/],
    [[...to, "--check", "tcp", "--check-every", "1ms", "--", "echo"], /^sluice: Cannot check a service by/],
    [[...to, "--id", "a b", "--", "echo"], /^sluice: Cannot use "a b" as an id/],
    [["localhost:1", "web@one", "--", "echo"], /^sluice: .*"one"/],
    [["two words", "web", "--", "echo"], /^sluice: Cannot use "two words" as a hub/],
  ];
  await Promise.all(wrong.map(async ([args, message]) => {
    const { code, stdout, stderr } = await runCli(["registry", "register", ...args]);
    deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
    match(stderr, message);
  }));
  const missing = await runCli(["registry", "register", ...to, "--", "no-such-command-here"]);
  deepEqual([missing.code, missing.stdout], [1, ""]);
  match(missing.stderr, /^sluice: Cannot run no-such-command-here: it is not on PATH/);
});
