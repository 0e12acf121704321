/** Reads messages strictly: what is not of the protocol is refused before anybody acts on it. */

import { limits } from "../../limits.ts";
import type { PeerMessage, Row, RowChange, Standing } from "../federation/row.ts";
import { RegistryError } from "../registry_error.ts";
import { isRecord, readService } from "../table/document.ts";
import { type ChangeRequest, type Hello, PROTOCOL } from "./messages.ts";

/** A message of which only the type is known. */
export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

/**
 * Reads the text of a frame: a message, or an array of some.
 *
 * @throws {RegistryError} `protocol`
 */
export function parseFrame(text: string): readonly Message[] {
  const value = parseJson(text);
  return Array.isArray(value) ? value.map(readMessage) : [readMessage(value)];
}

/** @throws {RegistryError} `protocol` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RegistryError("protocol", "A message is JSON", { cause });
  }
}

/** @throws {RegistryError} `protocol` */
export function readMessage(value: unknown): Message {
  if (isRecord(value) && typeof value.type === "string") return value as Message;
  throw new RegistryError("protocol", 'A message is a JSON object with a "type"');
}

/** A client's or a hub's first message. */
export function readHello(message: Message): Hello {
  if (message.type !== "hello") throw new RegistryError("protocol", 'The first message is a "hello"');
  if (message.version !== PROTOCOL) {
    const theirs = JSON.stringify(message.version)?.slice(0, 40);
    throw new RegistryError("protocol", `Version ${theirs} of the protocol is not spoken here: this is ${PROTOCOL}`);
  }
  const { kind, key, signature, token, incarnation, hub, start, challenge, time } = message;
  const isHub = kind === "hub";
  expect(isHub || kind === "client", 'a kind, "client" or "hub"');
  expect(isNumber(incarnation), "an incarnation, a whole number");
  for (const text of [key, signature, token]) {
    expect(text === undefined || isText(text, limits.publicKeyChars), "texts");
  }
  if (isHub) expect(isText(hub, 64) && isNumber(start) && isText(challenge, 64) && isNumber(time), "what hubs say");
  return message as unknown as Hello;
}

/** A request for a change. */
export function readRequest(message: Message): ChangeRequest {
  const { type, request, id, service } = message;
  expect(isNumber(request), "a request, a whole number");
  if (type !== "register") expect(isText(id, limits.registryNameChars), "an id");
  if (type !== "free") expect(isRecord(service), "a service");
  return message as unknown as ChangeRequest;
}

/** What a hub tells of rows. */
export function readPeerMessage(message: Message): PeerMessage {
  switch (message.type) {
    case "have":
      return { type: "have", origins: list(message.origins, limits.registryHubs).map(readStanding) };
    case "want":
      expect(isText(message.hub, 64) && isNumber(message.start) && Number.isSafeInteger(message.after), "an origin");
      return message as unknown as PeerMessage;
    case "delta": {
      expect(isText(message.hub, 64) && isNumber(message.start) && isNumber(message.after), "an origin");
      const changes = list(message.changes, limits.registryServices).map(readChange);
      return { ...message, changes } as unknown as PeerMessage;
    }
    case "full": {
      const rows = list(message.rows, limits.registryServices).map(readRow);
      return { type: "full", ...readStanding(message), rows };
    }
  }
  throw new RegistryError("protocol", `Hubs have no message of type ${JSON.stringify(message.type.slice(0, 40))}`);
}

function readStanding(value: unknown): Standing {
  expect(isRecord(value), "origins");
  const { hub, start, counter, beat } = value;
  expect(isText(hub, 64) && isNumber(start) && isNumber(counter) && isNumber(beat), "origins with numbers");
  return { hub, start, counter, beat } as Standing;
}

function readChange(value: unknown): RowChange {
  expect(isRecord(value) && isText(value.id, limits.registryNameChars), "changes with ids");
  if (value.row === undefined) return { id: value.id as string };
  const row = readRow(value.row);
  expect(row.service.id === value.id, "one id for a row");
  return { id: row.service.id, row };
}

function readRow(value: unknown): Row {
  expect(isRecord(value) && isText(value.owner, 64) && isNumber(value.incarnation), "rows with owners");
  const service = checkedService(value.service);
  const awaiting = (value.service as { awaiting?: unknown }).awaiting === true;
  return {
    service: awaiting ? { ...service, awaiting } : service,
    owner: value.owner as string,
    incarnation: value.incarnation as number,
    ...value.hidden === true ? { hidden: true as const } : {},
  };
}

function checkedService(value: unknown): Row["service"] {
  try {
    return readService(value, "");
  } catch (cause) {
    throw new RegistryError("protocol", `A row can't be used: ${(cause as Error).message}`, { cause });
  }
}

function list(value: unknown, most: number): readonly unknown[] {
  expect(Array.isArray(value) && value.length <= most, `a list of at most ${most}`);
  return value as readonly unknown[];
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= most;
}

function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new RegistryError("protocol", `The message lacks ${what}`);
}
