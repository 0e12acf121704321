/** A whole gateway within the test's own process: from the text of its file to its sockets. */

import { dirname } from "node:path";
import type { GatewayConfig } from "../../src/gateway/config/model.ts";
import { readConfig } from "../../src/gateway/config/read_config.ts";
import { type Gateway, type GatewayOptions, serveGateway } from "../../src/gateway/serve_gateway.ts";
import { libc } from "../../src/process/libc.ts";
import { keepLog, type Line } from "./acme.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { until } from "./within.ts";

// It stays open as long as the process lives: opened here, no test is taken to have leaked it.
libc();

/** A gateway that takes requests. */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  /** Of its first socket. */
  readonly url: string;
  /** Where the operator asks. */
  readonly admin: string;
  /** Where its file lies. */
  readonly folder: Folder;
  readonly lines: readonly Line[];
  /** Lines of the access log in the forms `json` and `combined`. */
  readonly accesses: readonly string[];
  /** Writes another text into the file, and has the gateway read it. */
  reload(text: string): Promise<void>;
  /** Waits for a line of the log. */
  said(message: RegExp | string): Promise<Line>;
}

/** What a test cares about. */
export interface GatewaySettings extends Omit<GatewayOptions, "log" | "writeAccess"> {
  /** Where its file goes, which stays there. Default: a folder that goes with the gateway. */
  readonly folder?: Folder;
  /** Files beside that of the gateway, in folders too. Those that begin with `#!` can be run. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Name of the gateway's file: its extension says what its text is. */
  readonly name?: string;
  /** Changes what was read: for what a file can't say. */
  readonly change?: (config: GatewayConfig) => GatewayConfig;
}

/** Begins a file of TOML: any free port, nothing in the log but what is wrong. */
export const QUIET = 'listen = "127.0.0.1:0"\naccessLog = "none"\n';

/** Serves what a text says. */
export async function startGateway(text: string, settings: GatewaySettings = {}): Promise<TestGateway> {
  const { folder: given, files = {}, name = "sluice.toml", change = (config) => config, ...options } = settings;
  await using made = new AsyncDisposableStack();
  const folder = given ?? made.use(await makeFolder());
  await addFiles(folder, files);
  const { lines, log } = keepLog();
  const accesses: string[] = [];
  const read = () => change(readConfig(folder.file(name)));
  await Deno.writeTextFile(folder.file(name), text);
  const writeAccess = (line: string) => void accesses.push(line);
  const gateway = made.use(await serveGateway(read(), { ...options, log, writeAccess }));
  const kept = made.move();
  return {
    gateway,
    url: gateway.urls[0],
    admin: gateway.admin ?? "",
    folder,
    lines,
    accesses,
    reload: async (text) => {
      await Deno.writeTextFile(folder.file(name), text);
      await gateway.reload(read);
    },
    said: async (message) => {
      const find = () => lines.find((line) => line.message.match(message));
      await until(`the log says ${message}`, () => find() !== undefined).catch((error) => {
        throw new Error(`${error.message}; it says ${Deno.inspect(lines)}`);
      });
      return find()!;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Puts files into a folder, and into folders in it. */
export async function addFiles(folder: Folder, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.mkdir(dirname(folder.file(name)), { recursive: true });
    await Deno.writeFile(folder.file(name), bytes, { mode: bytes[0] === 35 && bytes[1] === 33 ? 0o755 : 0o644 });
  }
}
