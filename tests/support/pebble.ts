/** An authority that speaks ACME: Debian's pebble, and a name server by which every name leads to this machine. */

import { equal } from "node:assert/strict";
import { freePort, releasePort } from "../../src/net/free_port.ts";
import { EC, makePair } from "./certificate.ts";
import { makeFolder } from "./folder.ts";
import { Transcript } from "./serve.ts";
import { until, within } from "./within.ts";

/** What an authority is told at its start. */
export interface PebbleOptions {
  /** Where it asks for challenges. */
  readonly httpPort?: number;
  readonly tlsPort?: number;
  /** Life of its certificates, seconds. */
  readonly validityS?: number;
  /** Nonces that it refuses, percent. */
  readonly nonceReject?: number;
  /** Hosts that it has seen to be the account's and doesn't ask for again, percent. */
  readonly hostsRemembered?: number;
}

/** An authority at an address of its own, which can be ended and started again. Disposing it ends it. */
export interface Pebble extends AsyncDisposable {
  /** URL of its directory. */
  readonly directory: string;
  /** A file with the certificate that its own server is checked against. */
  readonly caCert: string;
  /** What it wrote since it was started last. */
  readonly output: string;
  /** Starts it; it knows nothing of what was before. */
  start(): Promise<void>;
  /** Ends it. */
  stop(): Promise<void>;
  /** The certificate that those it gives lead to. */
  root(): Promise<string>;
}

/** A process that runs until it is ended. */
interface Running extends AsyncDisposable {
  readonly transcript: Transcript;
}

/** Starts an authority. */
export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  await using made = new AsyncDisposableStack();
  const folder = made.use(await makeFolder());
  const { cert, key } = await makePair(...EC);
  const caCert = folder.file("cert.pem");
  await Deno.writeTextFile(caCert, cert);
  await Deno.writeTextFile(folder.file("key.pem"), key);
  const names = made.use(await startNames());
  const [port, management] = [await freePort(), await freePort()];
  made.defer(() => [port, management].forEach(releasePort));
  const config = configFor(options, { port, management, caCert, key: folder.file("key.pem") });
  await Deno.writeTextFile(folder.file("config.json"), JSON.stringify({ pebble: config }));
  const args = ["-config", folder.file("config.json"), "-dnsserver", `127.0.0.1:${names.port}`];
  const env = {
    PEBBLE_VA_NOSLEEP: "1",
    PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 0),
    PEBBLE_AUTHZREUSE: String(options.hostsRemembered ?? 0),
  };
  const start = async () => {
    const running = await run("pebble", args, /ACME directory available at/, env);
    await until("the authority listens", () => accepts(port)); // it says so a moment too early
    return running;
  };
  let running: Running | undefined = await start();
  const stop = async () => {
    await running?.[Symbol.asyncDispose]();
    running = undefined;
  };
  made.defer(stop);
  const kept = made.move();
  return {
    directory: `https://localhost:${port}/dir`,
    caCert,
    get output() {
      return running?.transcript.text ?? "";
    },
    start: async () => {
      running = await start();
    },
    stop,
    root: async () => {
      using client = Deno.createHttpClient({ caCerts: [cert], poolMaxIdlePerHost: 0 });
      return await (await fetch(`https://localhost:${management}/roots/0`, { client })).text();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ port, hostname: "127.0.0.1" })).close();
    return true;
  } catch {
    return false; // not yet
  }
}

function configFor(
  { httpPort = 1, tlsPort = 1, validityS }: PebbleOptions,
  own: { readonly port: number; readonly management: number; readonly caCert: string; readonly key: string },
): Record<string, unknown> {
  return {
    listenAddress: `127.0.0.1:${own.port}`,
    managementListenAddress: `127.0.0.1:${own.management}`,
    certificate: own.caCert,
    privateKey: own.key,
    httpPort,
    tlsPort,
    certificateValidityPeriod: validityS,
  };
}

async function startNames(): Promise<Running & { readonly port: number }> {
  const [port, management] = [await freePort(), await freePort()];
  const off = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""];
  const args = ["-dns01", `127.0.0.1:${port}`, "-management", `127.0.0.1:${management}`, ...off];
  const running = await run("pebble-challtestsrv", args, /Starting management server/);
  return {
    ...running,
    port,
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      [port, management].forEach(releasePort);
    },
  };
}

async function run(command: string, args: string[], ready: RegExp, env: Record<string, string> = {}): Promise<Running> {
  const process = new Deno.Command(command, { args, env, stdout: "piped", stderr: "piped" }).spawn();
  const [stdout, stderr] = [new Transcript(process.stdout), new Transcript(process.stderr)];
  const end = async () => {
    process.kill("SIGKILL");
    equal((await process.status).signal, "SIGKILL", `${command} ended by itself:\n${stdout.text}${stderr.text}`);
    await Promise.all([stdout.ended, stderr.ended]);
  };
  try {
    const say = () => `${command} is ready; it said:\n${stdout.text}${stderr.text}`;
    await within(say, stdout.match(ready));
  } catch (error) {
    await end();
    throw error;
  }
  return { transcript: stdout, [Symbol.asyncDispose]: end };
}
