/**
 * What hubs and clients of npm seaport 2.x say to each other: one JSON array a line. Read strictly: what is none of these
 * rows is refused before anybody acts on it.
 */

import { isDeeper } from "../../bytes/json_depth.ts";
import { limits } from "../../limits.ts";
import { RegistryError } from "../registry_error.ts";
import type { JsonValue } from "../service.ts";
import { isRecord } from "../table/document.ts";

/** A service as seaport has it: role, version, host and port stand beside metadata. */
export type Meta = Readonly<Record<string, JsonValue>>;

/** One row. */
export type SeaportRow =
  /** The hub's first: the address that it sees the client under. */
  | readonly ["helo", address: string]
  /** A service is there, or is another one than before. */
  | readonly ["register", id: string, meta: Meta]
  /** A service is gone. */
  | readonly ["free", id: string]
  /** A sign of life. */
  | readonly ["heartbeat"]
  /** Those were all that there were. */
  | readonly ["synced"];

/** What follows the type of a row. */
const SHAPES: Readonly<Record<string, readonly ((value: unknown) => boolean)[]>> = {
  helo: [isText],
  register: [isText, isRecord],
  free: [isText],
  heartbeat: [],
  synced: [],
};
/** Levels of a row above its metadata. */
const LEVELS = 2;
const NEWLINE = 10;
/** Pieces of one line that are kept apart: each takes more memory than a byte, and there may be one a byte. */
const PIECES = 64;

/** Writes a row as a line, newline included. */
export function writeLine(row: SeaportRow): string {
  return JSON.stringify(row) + "\n";
}

/** Reads rows from the bytes of one connection, wherever those are cut. */
export class LineReader {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** The beginning of a line that has not ended yet. */
  #begun: Uint8Array[] = [];
  #begunBytes = 0;

  /**
   * The rows that end in these bytes.
   *
   * @throws {RegistryError} `protocol` for a line that is no row, `limit` for one that is too long
   */
  *read(bytes: Uint8Array): Generator<SeaportRow> {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      this.#hold(bytes.subarray(start, end));
      start = end + 1;
      yield readRow(this.#line());
    }
    // What waits for its end must not keep alive, or change with, a buffer that is read into again.
    if (start < bytes.length) this.#hold(bytes.slice(start));
  }

  #hold(piece: Uint8Array): void {
    this.#begun.push(piece);
    this.#begunBytes += piece.length;
    if (this.#begunBytes > limits.seaportLineBytes) {
      throw new RegistryError("limit", `A line has no more than ${limits.seaportLineBytes} bytes`);
    }
    if (this.#begun.length > PIECES) this.#begun = [joined(this.#begun, this.#begunBytes)];
  }

  #line(): string {
    const line = this.#begun.length === 1 ? this.#begun[0] : joined(this.#begun, this.#begunBytes);
    this.#begun = [];
    this.#begunBytes = 0;
    try {
      return this.#decoder.decode(line);
    } catch (cause) {
      throw new RegistryError("protocol", "A line is UTF-8", { cause });
    }
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** @throws {RegistryError} `protocol` */
function readRow(line: string): SeaportRow {
  const value = parse(line);
  if (!Array.isArray(value)) throw new RegistryError("protocol", "A line is a JSON array");
  const [type, ...rest] = value;
  const shape = typeof type === "string" && Object.hasOwn(SHAPES, type) ? SHAPES[type] : undefined;
  if (!shape) throw new RegistryError("protocol", "A line begins with helo, register, free, heartbeat or synced");
  if (rest.length !== shape.length || !shape.every((fits, i) => fits(rest[i]))) {
    throw new RegistryError("protocol", `A line of the type ${type} has something else in it`);
  }
  if (isDeeper(value, limits.registryMetadataDepth + LEVELS)) {
    throw new RegistryError("protocol", `A line nests no deeper than ${limits.registryMetadataDepth + LEVELS} levels`);
  }
  if (hasProto(value)) throw new RegistryError("protocol", 'Nothing can have the name "__proto__"');
  return value as unknown as SeaportRow;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new RegistryError("protocol", "A line is JSON", { cause });
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= limits.registryNameChars && value !== "__proto__";
}

/** True for a value with a name in it that changes what an object is, where it is copied. */
function hasProto(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasProto);
}
