/** How a payload is handed to a program: as arguments and variables, within what the system takes of each. */

import { Buffer } from "node:buffer";
import { HttpError } from "../../errors.ts";
import type { CallbackConfig } from "../config/target_model.ts";
import { gatewayLimits } from "../limits.ts";
import { asksForPayload, fill } from "./placeholder.ts";

/** A payload as far as it is not standard input. */
export interface Handed {
  /** The whole, where it is to stand in arguments or variables. */
  readonly text: string | undefined;
  /** Where it lies. */
  readonly file: string | undefined;
}

/** What a program is started with. */
export interface Start {
  readonly argv: readonly [string, ...string[]];
  /** Variables that are about the payload. */
  readonly variables: Readonly<Record<string, string>>;
}

/** True when arguments or variables need the payload as a text. */
export function needsText({ channel, program }: CallbackConfig): boolean {
  if (channel === "cmdline" || channel === "env") return true;
  return [...program.command ?? [], ...program.args, ...Object.values(program.env)].some(asksForPayload);
}

/**
 * Puts a payload into arguments and variables; with the channel `cmdline` behind the arguments, if it stands in none.
 *
 * @param argv as it is for every request
 * @throws {HttpError} 413 when it is longer than the system takes
 */
export function handOver(
  { channel, program }: CallbackConfig,
  [path, ...args]: readonly [string, ...string[]],
  { text = "", file }: Handed,
): Start {
  const filled = args.map((argument) => fill(argument, text));
  if (channel === "cmdline" && !args.some(asksForPayload)) filled.push(text);
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(program.env)) {
    if (asksForPayload(value)) variables[name] = fill(value, text);
  }
  if (channel === "env") variables.SLUICE_PAYLOAD = text;
  if (file !== undefined) variables.SLUICE_PAYLOAD_FILE = file;
  const changed = filled.filter((argument, i) => argument !== args[i]);
  checkStrings([...changed, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)]);
  return { argv: [path, ...filled], variables };
}

function checkStrings(strings: readonly string[]): void {
  const lengths = strings.map((text) => Buffer.byteLength(text));
  const { payloadStringBytes, payloadStringsBytes } = gatewayLimits;
  const sum = lengths.reduce((sum, length) => sum + length, 0);
  if (sum > payloadStringsBytes || lengths.some((length) => length > payloadStringBytes)) throw payloadTooLong();
}

/** The answer to a payload that fits in no argument and no variable. */
export function payloadTooLong(): HttpError {
  const detail = `The body does not fit in the program's arguments or variables, ${gatewayLimits.payloadStringBytes} ` +
    "bytes each: the route needs the channel stdin or file";
  return new HttpError(413, detail);
}
