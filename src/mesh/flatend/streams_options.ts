/** What requests need of the connection that they are on, whichever way they go. */

import type { Log } from "../../log.ts";
import type { Clock } from "../clock.ts";
import type { Connection } from "./connection.ts";
import type { Gauge } from "./gauge.ts";

/** The connection, and who wants to know. */
export interface StreamsOptions {
  readonly connection: Connection;
  readonly gauge: Gauge;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly log: Log;
  /** A body that we send broke off: whoever reads it waits for an end that never comes. */
  onBroken(): void;
  /** A request is over. */
  onOver(): void;
}
