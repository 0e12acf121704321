/** Debian's etcd: a service is a key with a lease, whoever looks for one asks for a prefix or watches one. */

import { type Load, type LoadOptions, parseWrk } from "../load.ts";
import { accepting, freePort, run, startServer } from "../processes.ts";
import { pathOf, type RegistryRival } from "./registries.ts";

/** Puts are faster the more are under way, because they share a sync; beyond this they are not. */
const PUTS_AT_A_TIME = 256;
/** Longer than a run. */
const LEASE_SECONDS = 600;

/** etcd, with a client by gRPC from the folder that it was installed to, and with its own HTTP gateway for wrk. */
export function etcd(home: string): RegistryRival {
  return {
    name: "etcd",
    client: ["node", pathOf("etcd_client.mjs")],
    clientEnd: [home],
    hasLocalCopy: false,
    rowsForMemory: 10_000,
    start: async ({ dir, signal }) => {
      const [data, port, peerPort] = [await Deno.makeTempDir({ dir }), freePort(), freePort()];
      const [url, peerUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
      const clients = ["--listen-client-urls", url, "--advertise-client-urls", url];
      const peers = ["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl];
      const args = ["--data-dir", data, ...clients, ...peers, "--initial-cluster", `default=${peerUrl}`];
      const isReady = accepting(port);
      const ready = (log: string) => log.includes("ready to serve client requests") ? isReady(log) : null;
      return startServer(["etcd", ...args], { dir, ready, signal });
    },
    ask: (url, options) => load(url, options, ["etcd_range.lua"]),
    fill: async (url, options) => {
      const body = JSON.stringify({ TTL: LEASE_SECONDS });
      const response = await fetch(new URL("/v3/lease/grant", url), { method: "POST", body });
      const { ID } = await response.json() as { ID: string };
      return load(url, { ...options, connections: PUTS_AT_A_TIME }, ["etcd_put.lua", ID]);
    },
  };
}

async function load(
  url: string,
  { connections, seconds, signal }: LoadOptions,
  [script, ...args]: readonly string[],
): Promise<Load> {
  const size = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout=30s", "--latency"];
  return parseWrk(await run(["wrk", ...size, "-s", pathOf(script), url, "--", ...args], signal));
}
