/** What somebody says who registers a service, and what is filled in for them. */

import { randomBytes } from "node:crypto";
import { freePort } from "../net/free_port.ts";
import type { JsonValue } from "./service.ts";
import type { ServiceCheck } from "./table/document.ts";
import { parseName } from "./table/pattern.ts";

/** Options of a registration. All further names are metadata. */
export interface RegisterOptions {
  /** Default: a random one. */
  readonly id?: string;
  /** Default: the address that the hub sees. */
  readonly host?: string;
  /** Where it listens. Default: a free port of `range`, which is handed out to nobody else in this process. */
  readonly port?: number;
  /** First and last port to choose from. Default: 10,000 to 65,535. */
  readonly range?: readonly [first: number, last: number];
  /** Lets the hub find out whether the service is there; for one that somebody else registers. */
  readonly check?: ServiceCheck;
  /** Metadata. */
  readonly [name: string]: JsonValue | ServiceCheck | readonly [number, number] | undefined;
}

/**
 * Fills in what is missing.
 *
 * @param name `role` or `role@version`
 * @throws {TypeError} for a name that is none
 * @throws {RangeError} when no port of the range is free
 */
export async function readRegistration(name: string, options: RegisterOptions): Promise<Record<string, JsonValue>> {
  const { range, ...rest } = options;
  const { role, version } = parseName(name);
  return {
    ...rest as Record<string, JsonValue>,
    role,
    ...version === undefined ? {} : { version },
    id: options.id ?? randomBytes(12).toString("base64url"),
    port: options.port ?? await freePort({ range }),
  };
}
