/** What a directory tells of itself. */

/** Why nodes were looked for. */
export type LookupKind = "join" | "refresh" | "node" | "providers" | "announce";

/** Something happened. */
export type DirectoryEvent =
  /** It knows others, and they know it. */
  | { readonly type: "joined"; readonly nodes: number }
  /** It knows nobody any more. */
  | { readonly type: "alone" }
  /** A lookup is over. `hops`: how many nodes it took to come to what was looked for. */
  | {
    readonly type: "lookup";
    readonly kind: LookupKind;
    readonly hops: number;
    readonly questions: number;
    readonly failures: number;
  }
  /** Others were told of an offer, and keep it. */
  | { readonly type: "announced"; readonly service: string; readonly version: string; readonly keepers: number };

/** Takes events. */
export type OnDirectoryEvent = (event: DirectoryEvent) => void;
