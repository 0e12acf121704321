/** What hubs tell each other: rows, and the changes to them. */

import type { Service } from "../service.ts";

/** A service with what decides whose word on it counts. */
export interface Row {
  readonly service: Service;
  /** Who may change it: the id of its owner's key. */
  readonly owner: string;
  /** The owner's connection, by a number that grows with each: of two rows with one id, the higher one is in force. */
  readonly incarnation: number;
  /** What it tells of does not answer: it is shown to nobody, and its id is its owner's all the same. */
  readonly hidden?: true;
}

/** One change to the rows of a hub. */
export interface RowChange {
  readonly id: string;
  /** Missing: the row is gone. */
  readonly row?: Row;
}

/** How far somebody knows the rows that came to one hub, its origin. */
export interface Standing {
  /** The origin's id. */
  readonly hub: string;
  /** When it started, by a number that grows with each start. */
  readonly start: number;
  /** The number of its last change. */
  readonly counter: number;
  /** Its last sign of life, by a number that grows with each. */
  readonly beat: number;
}

/** What peers say to each other about rows. Any of them may be lost, doubled, or late. */
export type PeerMessage =
  /** So far I know these origins. Sent at first, and with every heartbeat. */
  | { readonly type: "have"; readonly origins: readonly Standing[] }
  /** Tell me of that origin what came after a change; -1 for all. */
  | { readonly type: "want"; readonly hub: string; readonly start: number; readonly after: number }
  /** The changes of an origin that follow a certain one. */
  | {
    readonly type: "delta";
    readonly hub: string;
    readonly start: number;
    readonly after: number;
    readonly changes: readonly RowChange[];
  }
  /** All its rows. */
  | ({ readonly type: "full"; readonly rows: readonly Row[] } & Standing);
