/** What `sluice node` was asked for, checked. */

import { parseOffer } from "../../mesh/choose/range.ts";
import { isNodeId } from "../../mesh/node_id.ts";
import { parseAddress } from "../../mesh/transport/address.ts";
import { isLoopback } from "../../net/loopback.ts";
import type { MeshFlags } from "./mesh_flags.ts";
import type { ProgramFlags } from "../programs/program_flags.ts";
import { wordsOf } from "../programs/target.ts";
import { asUsage, UsageError } from "../usage.ts";

/** What flags and variables gave. */
export interface NodeFlags extends MeshFlags, ProgramFlags {
  readonly listen?: readonly string[];
  readonly advertise?: readonly string[];
  readonly allow?: readonly string[];
  readonly flatend?: string;
}

/** One service. */
export interface Offering {
  /** `NAME` or `NAME@VERSION`. */
  readonly offer: string;
  /** A URL, or a program with its arguments. */
  readonly words: readonly string[];
}

/** Settings that are whole. */
export interface NodeSettings {
  readonly listen: readonly string[];
  readonly join: readonly string[];
  readonly advertise: readonly string[] | undefined;
  readonly allow: readonly string[] | undefined;
  readonly flatend: string | undefined;
  readonly offerings: readonly Offering[];
  /** What should be known of them: each is a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Puts the settings together.
 *
 * @throws {UsageError}
 */
export function settleNode(offerings: readonly Offering[], flags: NodeFlags): NodeSettings {
  const { advertise, allow, flatend } = flags;
  const listen = (flags.listen ?? []).map(readOwnAddress);
  const join = (flags.join ?? []).map(readAddress);
  if (listen.length === 0 && join.length === 0) {
    throw new UsageError(
      "Cannot be a node that nobody reaches: name whom to join with --join HOST:PORT, or where others reach this node " +
        "with --listen 127.0.0.1:9000",
    );
  }
  const stranger = allow?.find((id) => !isNodeId(id));
  if (stranger !== undefined) {
    throw new UsageError(`Cannot allow ${JSON.stringify(stranger)}: the id of a node has 52 letters and digits`);
  }
  const bridge = flatend === undefined ? undefined : readOwnAddress(flatend);
  const isClosed = flags.networkKey !== undefined || allow !== undefined;
  return {
    ...{ listen, join, allow, flatend: bridge },
    advertise: advertise?.map(readAddress),
    offerings,
    warnings: [...isClosed ? [] : strangersAt(listen), ...strangersOfFlatend(bridge)],
  };
}

function readAddress(text: string): string {
  return asUsage(() => parseAddress(text).text);
}

/** One to listen at; a port alone is of this machine. */
function readOwnAddress(text: string): string {
  return asUsage(() => parseAddress(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text, "listen").text);
}

function strangersAt(addresses: readonly string[]): string[] {
  const open = addresses.find(isPublic);
  if (open === undefined) return [];
  const remedy = "give --network-key or --allow if that is not meant";
  return [`Everybody who reaches ${open} may join, offer services and call them: ${remedy}`];
}

/** Clients of flatend have none of our keys. */
function strangersOfFlatend(address: string | undefined): string[] {
  if (address === undefined || !isPublic(address)) return [];
  return [`Everybody who reaches ${address} may offer services and call them as a client of flatend, without any key`];
}

function isPublic(address: string): boolean {
  return !isLoopback(parseAddress(address, "listen").host);
}

/**
 * Reads `NAME[@VERSION]=PROGRAM`.
 *
 * @throws {UsageError}
 */
export function parseOfferings(services: readonly string[]): Offering[] {
  const offerings = services.map((text) => {
    const [, offer, program] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (offer === undefined) {
      throw new UsageError(`Cannot offer ${text}: every program needs a name, as in ${nameFor(text)}=${text}`);
    }
    asUsage(() => parseOffer(offer));
    return { offer, words: isUrl(program) ? [program] : wordsOf(program) };
  });
  const twice = offerings.find(({ offer }, i) => offerings.findIndex((other) => other.offer === offer) !== i);
  if (twice) throw new UsageError(`Cannot offer two programs as ${twice.offer}`);
  return offerings;
}

/** True for the URL of a server that calls are passed on to. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** A name for a program that was given without one. */
function nameFor(program: string): string {
  const [, name] = /([a-z][a-z\d]*)[^/]*$/i.exec(program) ?? [];
  return name?.toLowerCase() ?? "name";
}
