/**
 * What hubs and their clients say to each other, as JSON in text frames: one message a frame, or an array of some. The hub
 * speaks first. Every message has a type; what has a number is answered under that number. docs/protocols/registry.md
 * has it in words.
 */

import type { RegistryErrorCode } from "../registry_error.ts";
import type { JsonValue, Service } from "../service.ts";

/** The version of the protocol. */
export const PROTOCOL = 1;

/** Where hubs answer WebSockets. */
export const WS_PATH = "/registry";

/** The hub's first message. */
export interface Greeting {
  readonly type: "hub";
  readonly version: number;
  /** Its id. */
  readonly hub: string;
  /** When it started, by a number that grows. */
  readonly start: number;
  /** Random: what is signed on this connection holds it, and is worth nothing on another one. */
  readonly challenge: string;
  /** Its clock, milliseconds since 1970: whoever signs goes by it. */
  readonly time: number;
  /** Changes have to be signed, with a key that the hub knows. */
  readonly signed: boolean;
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
  /** The address that it sees the other side under. */
  readonly address: string;
}

/** The first message to a hub. */
export interface Hello {
  readonly type: "hello";
  readonly version: number;
  readonly kind: "client" | "hub";
  /** The public key, base64 of SPKI in DER; without one, services can only be looked for. */
  readonly key?: string;
  /** Base64, over what `helloText` makes. */
  readonly signature?: string;
  /** Where the hub wants one of whoever looks for services. */
  readonly token?: string;
  /** Grows with each connection of the same key. */
  readonly incarnation: number;
  /** Of a hub: who it is, what the other one signs for it, and its clock. */
  readonly hub?: string;
  readonly start?: number;
  readonly challenge?: string;
  readonly time?: number;
}

/** The hub has accepted a hello. */
export interface Welcome {
  readonly type: "welcome";
  /** URLs of other hubs. */
  readonly hubs: readonly string[];
  /** To a hub: who this one is. */
  readonly key?: string;
  readonly signature?: string;
}

/** Something was refused: the request with that number; without one, all that was said, and the connection ends. */
export interface Refused {
  readonly type: "refused";
  readonly request?: number;
  readonly code: RegistryErrorCode;
  readonly message: string;
}

/** What a client wants changed. */
export type ChangeRequest =
  | { readonly type: "register"; readonly request: number; readonly service: Readonly<Record<string, JsonValue>> }
  | {
    readonly type: "set";
    readonly request: number;
    readonly id: string;
    readonly service: Readonly<Record<string, JsonValue>>;
  }
  | { readonly type: "free"; readonly request: number; readonly id: string };

/** A message with a signature over its text. */
export interface Sealed {
  readonly type: "sealed";
  readonly body: string;
  readonly signature: string;
}

/** A change to a service that is followed. */
export type ShownChange = { readonly service: Service } | { readonly free: string };

/** All that a hub sends to a client. */
export type HubMessage =
  | Greeting
  | Welcome
  | Refused
  /** The request was granted. */
  | { readonly type: "done"; readonly request: number; readonly service?: Service }
  /** A part of all services; the first one says so. */
  | { readonly type: "rows"; readonly first?: true; readonly services: readonly Service[] }
  /** Those were all. */
  | { readonly type: "synced"; readonly index: number }
  | { readonly type: "changes"; readonly index: number; readonly changes: readonly ShownChange[] }
  | { readonly type: "hubs"; readonly urls: readonly string[] }
  /** Another owner has registered this id at another hub, later. */
  | { readonly type: "lost"; readonly id: string }
  | { readonly type: "heartbeat" };
