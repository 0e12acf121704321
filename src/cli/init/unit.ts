/** What a unit of systemd says of one project: who runs it, where commands are found, what it may touch. */

import { dirname, join } from "node:path";
import { userInfo } from "node:os";
import unit from "./templates/shared/project.service.txt" with { type: "text" };
import { fill } from "./fill.ts";
import { unitCommand, unitWord } from "./quote.ts";

/** What it is written from. */
export interface UnitFacts {
  readonly name: string;
  readonly port: number;
  /** Absolute path of the project. */
  readonly folder: string;
  /** Absolute words of Sluice's command. */
  readonly command: readonly string[];
  /** Where the program's interpreter or compiler lies; undefined when it is not here, or nowhere to be named. */
  readonly interpreter: string | undefined;
  /** What Sluice's command looks for on PATH. */
  readonly runtime: string | undefined;
}

/** Where systemd looks for commands by itself. */
const USUAL = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/** What `ProtectHome=yes` hides. */
const HOMES = /^\/(?:home|root|run\/user)\//;
/** What `PrivateTmp=yes` hides. */
const TEMPORARY = /^\/(?:tmp|var\/tmp)\//;
/** The first port that everybody may listen on. */
const FIRST_FREE_PORT = 1024;

/** Writes the unit. */
export function writeUnit(facts: UnitFacts): string {
  const { name, port, folder, command, interpreter, runtime } = facts;
  const tools = [interpreter, runtime].filter((path) => path !== undefined).map((path) => dirname(path));
  const paths = [...new Set([...tools.filter((folder) => !USUAL.includes(folder)), ...USUAL])].join(":");
  const isUsed = (place: RegExp) => [folder, ...pathsOf(facts)].some((path) => place.test(path));
  return fill(unit, {
    name,
    user: userLine(),
    exec: unitCommand([...command, "gateway", "-c", configOf(facts)]),
    path: unitWord(`PATH=${paths}`),
    home: isUsed(HOMES) ? "read-only" : "yes",
    temporary: isUsed(TEMPORARY) ? "no" : "yes",
    capabilities: port < FIRST_FREE_PORT
      ? "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE"
      : "CapabilityBoundingSet=",
  });
}

/** The first of the unit's paths that a user of its own can't reach; undefined when all can be, or it has none. */
export function outOfReach(facts: UnitFacts): string | undefined {
  const paths = [configOf(facts), ...pathsOf(facts)];
  return Deno.uid() === 0 ? paths.find((path) => !isOpenToAll(path)) : undefined;
}

function configOf({ folder }: UnitFacts): string {
  return join(folder, "sluice.toml");
}

function pathsOf({ command, interpreter, runtime }: UnitFacts): string[] {
  return [...command, interpreter, runtime].filter((path) => path?.startsWith("/")) as string[];
}

/** Whoever writes the project runs it; root does not: systemd makes a user for it. */
function userLine(): string {
  const uid = Deno.uid();
  if (uid === 0) return "# A user that systemd makes for it: it reads what everybody can read.\nDynamicUser=yes";
  return `User=${accountName() ?? uid}`;
}

/** Undefined for a user whose number has no name, or one that a unit does not take. */
function accountName(): string | undefined {
  try {
    const { username } = userInfo();
    return /^[A-Za-z_][A-Za-z0-9_-]{0,30}$/.test(username) ? username : undefined;
  } catch {
    return undefined; // containers have users that no list of accounts knows
  }
}

/** True when everybody can read a file; one that is not there yet keeps nobody out. */
function isOpenToAll(path: string): boolean {
  if (!allows(path, 0o004)) return false;
  for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
    if (!allows(folder, 0o001)) return false;
  }
  return true;
}

function allows(path: string, others: number): boolean {
  try {
    return ((Deno.statSync(path).mode ?? 0) & others) !== 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
