/** What the commands share that talk to a server of streams: their flags. */

import type { Option } from "commander";
import { limits } from "../../limits.ts";
import { flag } from "../flag.ts";
import { duration } from "../values.ts";

/** Flags of every client. */
export interface ClientFlags {
  readonly token?: string;
  readonly giveUp: number;
}

/** `--token`. */
export function tokenFlag(): Option {
  const text = "token that the server asks for; `ps` shows flags, but no variables";
  return flag("--token <token>", text, String).env("SLUICE_TOKEN");
}

/** `--give-up`. */
export function giveUpFlag(): Option {
  return flag("--give-up <time>", "how long a broken connection is tried again, such as 90s or 5m", duration)
    .default(limits.clientGiveUpMs, `${limits.clientGiveUpMs / 1000}s`);
}
