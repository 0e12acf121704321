/** Where servers may listen: unix sockets, the usual ports, those that are for the system. */

import { join } from "node:path";
import { cacheDirectory } from "../cache.ts";
import { type Finding, type HostCheck, ok, readSystemFile, warn, wordsOf } from "./fact.ts";

/** Those of `serve`, of `loom`, and the one that examples of gateways have. */
const USUAL_PORTS = [3000, 3060, 8080];
/** HTTP and HTTPS. */
const SYSTEM_PORTS = [80, 443];
/** The capability to take ports that are for the system (capabilities(7)). */
const CAP_NET_BIND_SERVICE = 10n;

/** The checks. */
export const network: readonly HostCheck[] = [
  { name: "unix sockets", look: unixSockets },
  { name: "ports", look: usualPorts },
  { name: "ports below 1024", look: systemPorts },
];

/** Makes a socket where a gateway makes that for replies, if it is not told another place. */
async function unixSockets(): Promise<Finding> {
  const folder = Deno.env.get("XDG_RUNTIME_DIR") || cacheDirectory();
  const path = join(folder, `doctor-${Deno.pid}.sock`);
  try {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    Deno.listen({ transport: "unix", path }).close(); // which removes it, too
    return ok(`made in ${folder}`);
  } catch (error) {
    return warn(`none in ${folder}: ${wordsOf(error)}`, "set XDG_RUNTIME_DIR to a folder that can be written to");
  }
}

type Outcome = "free" | "taken" | "refused";

/** Takes a port of loopback for a moment. */
function tryPort(port: number): Outcome {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return "free";
  } catch (error) {
    return error instanceof Deno.errors.AddrInUse ? "taken" : "refused";
  }
}

function usualPorts(): Finding {
  const taken = USUAL_PORTS.filter((port) => tryPort(port) !== "free");
  if (taken.length === 0) return ok(`${USUAL_PORTS.join(", ")} are free`);
  return warn(`${taken.join(", ")}: something listens there already`, "take others with --port");
}

/** A port that is taken may be had all the same, when what has it is gone. */
function systemPorts(): Finding {
  const outcomes = SYSTEM_PORTS.map((port) => [port, tryPort(port)] as const);
  const allowed = whoMayTakeThem();
  if (outcomes.some(([, outcome]) => outcome === "refused")) {
    return warn(
      `${SYSTEM_PORTS.join(", ")} can't be taken: ${allowed}`,
      "AmbientCapabilities=CAP_NET_BIND_SERVICE in the service",
    );
  }
  const taken = outcomes.filter(([, outcome]) => outcome === "taken").map(([port]) => port);
  return ok(taken.length === 0 ? allowed : `${allowed}; something listens on ${taken.join(", ")} already`);
}

function whoMayTakeThem(): string {
  if (Deno.build.os !== "linux") return `by user ${Deno.uid()}`;
  const first = Number(readSystemFile("/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? 1024);
  const held = BigInt("0x" + (/^CapEff:\s+([0-9a-f]+)/m.exec(readSystemFile("/proc/self/status") ?? "")?.[1] ?? "0"));
  if ((held >> CAP_NET_BIND_SERVICE & 1n) === 1n) return "by CAP_NET_BIND_SERVICE";
  return first <= SYSTEM_PORTS[0] ? `every user may, from ${first} on` : `every user may from ${first} on only`;
}
