/** The file of `sluice up`: a gateway's, with a table for each other part of the process. */

import type { Command } from "commander";
import { existsSync } from "node:fs";
import type { GatewayConfig } from "../../gateway/config/model.ts";
import type { Place } from "../../gateway/config/place.ts";
import { readConfigBeside } from "../../gateway/config/read_config.ts";
import { parseOffer } from "../../mesh/choose/range.ts";
import { loomCommand } from "../loom.ts";
import { type LoomFlags, type SettledLoom, settleLoom } from "../streams/loom_settings.ts";
import { nodeCommand } from "../node.ts";
import { isUrl, type NodeFlags, type NodeSettings, type Offering, settleNode } from "../mesh/node_settings.ts";
import { listenCommand } from "../registry/registry_listen.ts";
import { type HubSettings, type ListenFlags, settleHub } from "../registry/registry_settings.ts";
import { splitWords } from "../../gateway/config/split_words.ts";
import { findCommand } from "../../process/find_command.ts";
import { type FlagTable, inWordsOfFile, readFlags } from "./up_flags.ts";
import { port as readPort } from "../values.ts";

/** All parts of a process; undefined for each that the file does not have. */
export interface UpConfig {
  readonly gateway?: GatewayConfig;
  readonly loom?: SettledLoom;
  readonly hub?: HubSettings;
  readonly node?: { readonly settings: NodeSettings; readonly flags: NodeFlags };
}

/**
 * Reads the file, and the keys and certificates that it names.
 *
 * @throws {ConfigError} with all that is wrong
 */
export function readUp(path: string): UpConfig {
  const parts: { -readonly [name in keyof UpConfig]: UpConfig[name] } = {};
  const members = {
    loom: (place: Place, value: unknown) => parts.loom = settled(place, () => loomOf(place, tableOf(place, value))),
    hub: (place: Place, value: unknown) => parts.hub = settled(place, () => hubOf(place, tableOf(place, value))),
    node: (place: Place, value: unknown) => parts.node = settled(place, () => nodeOf(place, tableOf(place, value))),
  };
  parts.gateway = readConfigBeside(path, { members, hub: "hub", node: "node" });
  return parts;
}

/** What goes together is known only when all is read: a table of which a part is wrong already is not looked at again. */
function settled<T>(place: Place, settle: () => T | undefined): T | undefined {
  try {
    return settle();
  } catch (error) {
    return place.fault(`can't be used: ${inWordsOfFile((error as Error).message)}`);
  }
}

function tableOf(place: Place, value: unknown): FlagTable {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as FlagTable;
  place.fault("is a table");
  return {};
}

function flagsOf<T>(command: Command, place: Place, table: FlagTable, others: readonly string[] = []): T | undefined {
  const flags = readFlags(command, place, table, others);
  return place.reading.isCleanAt(place.path) ? flags as T : undefined;
}

function loomOf(place: Place, table: FlagTable): SettledLoom | undefined {
  const flags = flagsOf<LoomFlags>(loomCommand(), place, table);
  return flags && settleLoom(flags);
}

function hubOf(place: Place, table: FlagTable): HubSettings | undefined {
  const { port, keys = [] } = table;
  if (port === undefined) place.fault("says no port: give it, 0 for any free one");
  else if (!Number.isInteger(port)) place.at("port").fault("is a whole number, 0 for any free port");
  const number = settled(place.at("port"), () => readPort(String(port ?? 0)));
  const isList = Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key === "string");
  if (table.keys !== undefined && !isList) place.at("keys").fault("is a list of files with public keys");
  const flags = flagsOf<ListenFlags>(listenCommand(), place, table, ["port", "keys"]);
  return flags && settleHub(number, (keys as string[]).map((key) => place.resolve(key)), flags);
}

function nodeOf(place: Place, table: FlagTable): UpConfig["node"] {
  if (Object.hasOwn(place.reading.document.data as FlagTable, "mesh")) {
    place.fault("does not go together with [mesh]: the gateway calls services by this node already");
  }
  const services = tableOf(place.at("services"), table.services ?? {});
  const offerings = Object.entries(services).map(([offer, program]) => {
    return offeringOf(place.at("services", offer), offer, program);
  });
  const flags = flagsOf<NodeFlags>(nodeCommand(() => []), place, table, ["services"]);
  if (!flags) return undefined;
  const settings = settleNode(offerings as Offering[], flags);
  const warnings = settings.warnings.map(inWordsOfFile);
  return { settings: { ...settings, warnings }, flags: { ...flags, cwd: flags.cwd ?? place.surroundings.folder } };
}

/** Programs of the file's folder are found from wherever the file is served. */
function offeringOf(place: Place, offer: string, program: unknown): Offering | undefined {
  if (typeof program !== "string") return place.fault("is a program, a command in one text, or a URL");
  return settled(place, () => {
    parseOffer(offer);
    if (isUrl(program)) return { offer, words: [program] };
    const file = place.resolve(program);
    if (existsSync(file)) return { offer, words: [file] };
    const [first, ...rest] = splitWords(program);
    if (first === undefined) throw new Error(`Cannot run ${JSON.stringify(program)}: it names no program`);
    const named = place.resolve(first);
    const path = existsSync(named) || first.includes("/") ? named : findCommand(first);
    if (path !== undefined) return { offer, words: [path, ...rest] };
    throw new Error(`Cannot run ${first}: it is no file of this folder, and no command on PATH`);
  });
}
