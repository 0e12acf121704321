/** The mesh of a gateway: the node that it is there, for as long as its config names one. */

import type { Log } from "../log.ts";
import type { MeshNode } from "../mesh/node/mesh_node.ts";
import type { MeshConfig } from "./config/model.ts";
import { type MeshCaller, meshCaller } from "./targets/mesh_target.ts";

/** A mesh, before the config that names it is in force. */
export interface PreparedMesh {
  /** Undefined where there is none. */
  readonly caller: MeshCaller | undefined;
  commit(): void;
  rollback(): void | Promise<void>;
}

/** Holds the node. */
export class MeshPlace {
  readonly #log: Log;
  readonly #given: MeshCaller | undefined;
  #joined: { readonly key: string; readonly node: MeshNode; readonly caller: MeshCaller } | undefined;

  /** @param given used in place of a node */
  constructor(log: Log, given: MeshCaller | undefined) {
    this.#log = log;
    this.#given = given;
  }

  /**
   * Joins what a config names, if there is no node yet. What it says of one that has joined holds at the next start: its
   * address would be taken while two are there.
   */
  async prepare(config: MeshConfig | undefined): Promise<PreparedMesh> {
    const rollback = () => {};
    if (this.#given) return { caller: this.#given, commit: () => {}, rollback };
    if (!config) return { caller: undefined, commit: () => this.#leave(), rollback };
    const key = JSON.stringify(config);
    const before = this.#joined;
    if (before) {
      const commit = () => {
        if (before.key !== key) this.#log("warn", "What [mesh] says changes at the next start");
      };
      return { caller: before.caller, commit, rollback };
    }
    // To load the mesh takes longer than most gateways take to start, and most join none.
    const { joinMesh } = await import("./join_mesh.ts");
    const node = await joinMesh(config, this.#log);
    const caller = meshCaller(node);
    return { caller, commit: () => this.#joined = { key, node, caller }, rollback: () => node.close(0) };
  }

  /** Leaves it, when all requests are over. */
  async close(): Promise<void> {
    const before = this.#joined;
    this.#joined = undefined;
    await before?.node.close();
  }

  /** Routes to its services are on their way out: those under way come to their end. */
  #leave(): void {
    this.close().catch((error) => this.#log("warn", "The mesh was not left well", { why: String(error) }));
  }
}
