/** What a hub tells of. */

import type { RegistryError } from "../registry_error.ts";
import type { Service } from "../service.ts";

/** Events of a hub, with what their `detail` is. */
export type HubEvents = {
  /** A service is there, or is another one than before. */
  register: Service;
  /** A service is gone. */
  free: Service;
  /** Something was refused. */
  reject: Rejection;
  /** A client or another hub has connected, or is gone, or was silent for too long. */
  connect: Connected;
  disconnect: Connected;
  timeout: Connected;
  /** The hub was closed. */
  close: undefined;
};

/** What was refused. */
export interface Rejection {
  /** Why. */
  readonly error: RegistryError;
  /** The address it came from. */
  readonly address: string;
}

/** Who has connected. */
export interface Connected {
  /** The address it comes from. */
  readonly address: string;
  /** What it is. */
  readonly kind: "client" | "hub";
}
