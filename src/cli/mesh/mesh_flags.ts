/** What the commands have in common that are nodes of a mesh: who they are, and whom they let in. */

import type { Option } from "commander";
import { flag } from "../flag.ts";
import { collectList } from "../values.ts";

/** Flags of each of them. */
export interface MeshFlags {
  readonly join?: readonly string[];
  readonly key?: string;
  readonly networkKey?: string;
}

/** `--key` and `--network-key`. */
export function keyFlags(): Option[] {
  const key = "this node's own key, by which others know it; see `sluice keys new` (default: a new one)";
  const networkKey = "key that all nodes of the mesh have; see `sluice keys network` (default: everybody may join)";
  return [
    flag("--key <file>", key, String).env("SLUICE_KEY"),
    flag("--network-key <file>", networkKey, String).env("SLUICE_NETWORK_KEY"),
  ];
}

/** `--allow`. */
export function allowFlag(): Option {
  return flag("--allow <id>", "a node that may join, by its id; repeatable (default: all)", collectList)
    .env("SLUICE_ALLOW");
}
