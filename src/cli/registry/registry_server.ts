/** The hub behind `sluice registry listen`, from its start to its end. */

import { atMost, type Log, type LogFields } from "../../log.ts";
import type { Hub } from "../../registry/hub/hub.ts";
import { FolderError } from "../../registry/hub/row_keeper.ts";
import { startRegistry } from "../../registry/start_registry.ts";
import type { Service } from "../../registry/service.ts";
import { announce } from "../announce.ts";
import type { HubSettings } from "./registry_settings.ts";
import { type Running, runUntilStopped, unlessHurried } from "../running.ts";
import { UsageError } from "../usage.ts";

/** Lines in the log that anybody who can connect may cause. */
const TROUBLES_A_SECOND = 20;

/** Is a hub until a signal asks for the end. */
export async function serveHub(settings: HubSettings, log: Log): Promise<void> {
  await runUntilStopped(() => startHub(settings, log));
}

/**
 * Starts a hub.
 *
 * @throws {Error} saying what to do: a port or a folder is not to be had
 */
export async function startHub(settings: HubSettings, log: Log): Promise<Running & { readonly hub: Hub }> {
  const hub = await open(settings, log);
  logEvents(hub, log);
  const { hostname, tls } = settings;
  announce("registry", { hostname, port: hub.port! }, tls ? "wss" : "ws");
  if (hub.seaportPort !== undefined) announce("registry", { hostname, port: hub.seaportPort }, "seaport");
  return { hub, close: (hurry) => unlessHurried(hub.close(), hurry) };
}

async function open(settings: HubSettings, log: Log): Promise<Hub> {
  try {
    return await startRegistry({ ...settings, log });
  } catch (error) {
    throw explain(error, settings);
  }
}

/** What can't be had, and what to do instead. */
function explain(error: unknown, { dir, port, seaportPort }: HubSettings): unknown {
  if (error instanceof RangeError || error instanceof TypeError) return new UsageError(error.message, { cause: error });
  if (error instanceof Deno.errors.AddrInUse) {
    const ports = seaportPort ? `Port ${port} or ${seaportPort}` : `Port ${port}`;
    return new Error(`${ports} is taken: end what listens there, or choose another one`, { cause: error });
  }
  if (error instanceof Deno.errors.Busy) {
    const advice = "end that one, or name another folder with --data";
    return new Error(`Cannot keep services in ${dir}: another hub has it; ${advice}`, { cause: error });
  }
  if (error instanceof FolderError) {
    return new Error(`${error.message}; or name another folder with --data`, { cause: error });
  }
  return error;
}

/** Writes to the log what happens to services and between hubs; clients that only look are many, and are nobody's concern. */
function logEvents(hub: Hub, log: Log): void {
  hub.addEventListener("register", ({ detail }) => log("info", `register ${nameOf(detail)}`, fieldsOf(detail)));
  hub.addEventListener("free", ({ detail }) => log("info", `free ${nameOf(detail)}`, fieldsOf(detail)));
  const logTrouble = atMost(log, TROUBLES_A_SECOND);
  hub.addEventListener("reject", ({ detail: { error, address } }) => {
    logTrouble("warn", `reject: ${error.message}`, { code: error.code, address });
  });
  hub.addEventListener("timeout", ({ detail: { kind, address } }) => {
    logTrouble("warn", `timeout of a ${kind}`, { address });
  });
  hub.addEventListener("connect", ({ detail: { kind, address } }) => {
    if (kind === "hub") log("info", "connected to a hub", { address });
  });
  hub.addEventListener("disconnect", ({ detail: { kind, address } }) => {
    if (kind === "hub") log("info", "lost a hub", { address });
  });
}

function nameOf({ role, version }: Service): string {
  return version === undefined ? role : `${role}@${version}`;
}

function fieldsOf({ id, host, port }: Service): LogFields {
  return { id, host, port };
}
