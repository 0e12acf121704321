/** The call behind `sluice call`, from joining to the last byte of the answer. */

import { STATUS_CODES } from "node:http";
import { printable } from "../../bytes/printable.ts";
import { parsePattern } from "../../mesh/choose/range.ts";
import { MeshNode } from "../../mesh/node/mesh_node.ts";
import { parseAddress } from "../../mesh/transport/address.ts";
import { callBody } from "./call_input.ts";
import { explain, joinBy } from "./call_failures.ts";
import type { MeshFlags } from "./mesh_flags.ts";
import { readMeshKeys } from "./mesh_keys.ts";
import { pourOut, tellStderr } from "../output.ts";
import { FAILED, INTERRUPTED } from "../exit_codes.ts";
import { StopSignals } from "../signals.ts";
import { asUsage, UsageError } from "../usage.ts";

/** What was asked for. */
export interface CallFlags extends MeshFlags {
  readonly method?: string;
  readonly header?: readonly [string, string][];
  readonly path: string;
  readonly timeout: number;
  readonly idleTimeout?: number;
  readonly include: boolean;
}

/** How long the end of a connection may take: by then it is on its way that a call was given up. */
const LEAVE_MS = 1000;

/**
 * Calls, and ends the process where the answer is none of success.
 *
 * @throws {UsageError} {Error} saying why there is no answer, and what to do
 */
export async function runCall(service: string, flags: CallFlags): Promise<void> {
  asUsage(() => parsePattern(service));
  const join = (flags.join ?? []).map((text) => asUsage(() => parseAddress(text)).text);
  if (join.length === 0) throw new UsageError("Cannot call without a node to join by: name one with --join HOST:PORT");
  using signals = new StopSignals();
  signals.exitWhenHurried();
  const interruption = new AbortController();
  signals.told.then(() => interruption.abort());
  const node = new MeshNode(readMeshKeys(flags));
  let status: number | void;
  try {
    status = await Promise.race([call(node, { service, join, flags, signal: interruption.signal }), signals.told]);
  } finally {
    await node.close(LEAVE_MS);
  }
  if (status === undefined) Deno.exit(INTERRUPTED);
  if (status >= 400) Deno.exit(FAILED);
}

/** What a call is made of. */
interface CallParts {
  readonly service: string;
  readonly join: readonly string[];
  readonly flags: CallFlags;
  readonly signal: AbortSignal;
}

/** @returns the status of the answer */
async function call(node: MeshNode, { service, join, flags, signal }: CallParts): Promise<number> {
  const { header, path, timeout: timeoutMs, idleTimeout: idleTimeoutMs } = flags;
  const [body] = await Promise.all([callBody(flags.method), joinBy(node, join)]);
  const headers = (header ?? []).map(([name, value]): [string, string] => [name, value]);
  const request = new Request(urlOf(service, path), { ...body, headers, signal, duplex: "half" } as RequestInit);
  let response: Response;
  try {
    response = await node.fetch(service, request, { timeoutMs, idleTimeoutMs });
  } catch (error) {
    throw await explain(error, service, node);
  }
  const { status } = response;
  const title = `${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
  if (flags.include) tellStderr(headOf(title, response.headers));
  try {
    if (response.body) await pourOut(response.body);
  } catch (cause) {
    throw new Error(`The answer of ${service} broke off: ${(cause as Error).message}`, { cause });
  }
  if (status >= 400) tellStderr(`sluice call: ${title}\n`);
  return status;
}

/** The host that is asked for is the service; of one whose name can't be a host, this machine. */
function urlOf(service: string, path: string): string {
  const { name } = parsePattern(service);
  return `http://${URL.parse(`http://${name}/`)?.host === name ? name : "localhost"}${path}`;
}

function headOf(title: string, headers: Headers): string {
  const fields = [...headers].map(([name, value]) => `${name}: ${printable(value)}\n`);
  return `${title}\n${fields.join("")}\n`;
}
