/** Registries: ours and its rivals, each as a server, and the command of a client that puts a load on it. */

import { type Load, type LoadOptions, measureLoad } from "../load.ts";
import { run, startServer } from "../processes.ts";
import type { RivalContext, Server } from "./rival.ts";

/** Ways of being a hub that cost something. */
export interface HubMode {
  /** Services outlive a restart. */
  readonly isKept?: boolean;
  /** File of a key; only what it signs is accepted. */
  readonly key?: string;
}

/** A registry. */
export interface RegistryRival {
  readonly name: string;
  /** What starts a client of it; a job, the server's URL and further arguments follow. */
  readonly client: readonly string[];
  /** Behind those arguments. */
  readonly clientEnd: readonly string[];
  /** Its clients have all services with them. */
  readonly hasLocalCopy: boolean;
  /** How many services its memory is measured with: seconds' worth. */
  readonly rowsForMemory: number;
  start(context: RivalContext, mode?: HubMode): Promise<Server>;
  /** Asks for ten services over HTTP, again and again; missing where there is no HTTP. */
  ask?(url: string, options: LoadOptions): Promise<Load>;
  /** Registers services over HTTP, where that is faster than the client. */
  fill?(url: string, options: LoadOptions): Promise<Load>;
}

const ROOT = new URL("../../../", import.meta.url).pathname;
const SEAPORT_VERSION = "2.0.9";
const ETCD_CLIENT_VERSION = "1.1.2";

/** Ours, as its users start it. */
export function sluiceRegistry(): RegistryRival {
  return {
    name: "Sluice",
    client: [Deno.execPath(), "run", "-A", pathOf("sluice_registry_client.mjs")],
    clientEnd: [],
    hasLocalCopy: true,
    rowsForMemory: 100_000,
    start: async ({ dir, signal }, { isKept = false, key } = {}) => {
      const kept = isKept ? ["--data", await Deno.makeTempDir({ dir })] : [];
      const args = ["run", "-A", "cli.ts", "registry", "listen", "0", ...key ? [key] : [], "--log", "none", ...kept];
      return startServer([Deno.execPath(), ...args], { dir, ready: saysWhereHub, signal, cwd: ROOT });
    },
    ask: (url, options) => measureLoad(`${url.replace("ws:", "http:")}/services?role=svc7@1.x`, options),
  };
}

/** npm's seaport, from the folder that it was installed to. */
export function seaport(home: string): RegistryRival {
  return {
    name: "seaport",
    client: ["node", pathOf("seaport_client.mjs")],
    clientEnd: [home],
    hasLocalCopy: true,
    rowsForMemory: 10_000,
    start: ({ dir, signal }) =>
      startServer(["node", pathOf("seaport_hub.mjs"), home], { dir, ready: saysWhereHub, signal }),
  };
}

/** Installs npm's seaport and a client of etcd, and returns the folder they lie in. */
export async function installRegistries({ dir, signal }: RivalContext): Promise<string> {
  const home = await Deno.makeTempDir({ dir });
  const packages = { private: true, dependencies: { seaport: SEAPORT_VERSION, etcd3: ETCD_CLIENT_VERSION } };
  await Deno.writeTextFile(`${home}/package.json`, JSON.stringify(packages));
  const quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run(["npm", "install", ...quiet, "--prefix", home], signal);
  return home;
}

/** The path of a file that lies beside this one. */
export function pathOf(name: string): string {
  return new URL(`./${name}`, import.meta.url).pathname;
}

function saysWhereHub(log: string): string | null {
  return /listening on ((?:http|ws):\/\/127\.0\.0\.1:\d+)\s/.exec(log)?.[1] ?? null;
}
