/** Tells of a node's ties to its mesh: of each trouble once, and when it is over. Whoever reads it may leave. */

import { printable } from "../../bytes/printable.ts";
import type { Log } from "../../log.ts";
import type { MeshNode } from "../../mesh/node/mesh_node.ts";
import { tellStderr } from "../output.ts";

/** How it stands with one join point. */
interface Tie {
  readonly isJoined: boolean;
  /** It has been joined before. */
  readonly wasJoined: boolean;
  /** What was said of it since it was joined. */
  readonly told: ReadonlySet<string>;
}

const NEW: Tie = { isJoined: false, wasJoined: false, told: new Set() };

/** Tells until it is disposed of. */
export class NodeNarrator implements Disposable {
  readonly #node: MeshNode;
  readonly #ties = new Map<string, Tie>();
  #isDone = false;

  constructor(node: MeshNode) {
    this.#node = node;
    node.addEventListener("join", ({ detail: { address } }) => this.#joined(address));
    node.addEventListener("part", ({ detail: { address, error } }) => this.#parted(address, error.message));
  }

  /** Says something. */
  say(text: string): void {
    if (!this.#isDone) tellStderr(`sluice node: ${printable(text)}\n`);
  }

  /** Says of each service when others know of it for the first time. */
  tellOffers(): void {
    const told = new Set<string>();
    this.#node.addEventListener("announce", ({ detail: { service, version, keepers } }) => {
      const offer = version === "" ? service : `${service}@${version}`;
      if (keepers === 0 || told.has(offer)) return;
      told.add(offer);
      this.say(`offers ${offer}`);
    });
  }

  [Symbol.dispose](): void {
    this.#isDone = true;
  }

  #joined(address: string): void {
    const { wasJoined } = this.#ties.get(address) ?? NEW;
    this.#ties.set(address, { isJoined: true, wasJoined: true, told: new Set() });
    this.say(`joined ${wasJoined ? "again " : ""}by ${address}`);
  }

  #parted(address: string, why: string): void {
    const { isJoined, wasJoined, told } = this.#ties.get(address) ?? NEW;
    this.#ties.set(address, { isJoined: false, wasJoined, told: new Set([...told, why]) });
    if (!told.has(why)) this.say(`${isJoined ? "lost" : "not joined by"} ${address}: ${why}; trying again`);
  }
}

/** A log for a node, without what is told of its join points: those are the events that have an address. */
export function logBeside(log: Log): Log {
  return (level, message, fields) => {
    if (fields?.address === undefined) log(level, message, fields);
  };
}
