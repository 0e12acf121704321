/**
 * The opening of a session: a Noise handshake in which both nodes prove their ids, and the word of who was called that
 * the other may stay. Three messages and that word, each behind a length of two bytes: two round trips.
 *
 *   initiator                                              responder
 *       | ---- e -------------------------------------------> |
 *       | <--- e, ee, s, es, id and signature --------------- |
 *       | ---- s, se, id and signature ---------------------> |
 *       | <--- encrypted: 0, or 1 and why it is refused ----- |
 *
 * With a network key all of it is encrypted with that too, from the first message on.
 */

import { ByteReader, MalformedError } from "../../bytes/byte_reader.ts";
import { ByteWriter } from "../../bytes/byte_writer.ts";
import type { Clock } from "../clock.ts";
import type { Identity } from "../identity.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import type { NodeId } from "../node_id.ts";
import { NoiseError } from "../noise/noise_error.ts";
import type { Link, LinkReceiver } from "../transport/link.ts";
import { GreetLine } from "./greet_line.ts";
import { NoiseOpening, type Opening, PlainOpening } from "./greet_opening.ts";

/** How to greet. */
export interface GreetOptions {
  /** Whether this node has dialled. */
  readonly initiator: boolean;
  readonly identity: Identity;
  /** 32 secret bytes that all nodes of a network have; without one, everybody may speak to this node. */
  readonly networkKey?: Uint8Array;
  /** Who is to be on the other side. */
  readonly expected?: NodeId;
  /** Says who may be on the other side, when it is proven who is. Everybody, unless given. */
  readonly allow?: (id: NodeId) => boolean;
  readonly clock: Clock;
  /** Gives it up. */
  readonly signal?: AbortSignal;
  /** How long all of it may take. */
  readonly timeoutMs: number;
}

/** A link of which both sides know who is on the other. */
export interface Greeted {
  readonly remote: NodeId;
  /** 32 bytes of AES-256-GCM for what this side sends; undefined where `plainGreet` has made it. */
  readonly sendKey: Uint8Array<ArrayBuffer> | undefined;
  /** The same for what it is sent. */
  readonly receiveKey: Uint8Array<ArrayBuffer> | undefined;
  /** The number of the next message that is sent with its key: the responder has used one. */
  readonly sendNonce: number;
  /** The number of the next one that comes. */
  readonly receiveNonce: number;
  /** 64 bytes that name this one session on both sides (Noise §11.2), no secret; undefined where `plainGreet` has made it. */
  readonly hash: Uint8Array<ArrayBuffer> | undefined;
  /**
   * Takes the link over: gives what came behind the opening, and then all that comes. The link is paused until then. Called
   * once; nothing of the receiver is called within it.
   */
  handOver(receiver: LinkReceiver): void;
}

const encoder = new TextEncoder();
const WELCOME = 0;
const REFUSED = 1;

/**
 * Greets the node on the other side of a link that was not opened yet. When that fails, the link is destroyed.
 *
 * @throws {MeshError} with a reason: `handshake`, `identity`, `self`, `refused`, `timeout`, `closed` or `protocol`
 * @throws the signal's reason
 */
export function greet(link: Link, options: GreetOptions): Promise<Greeted> {
  return open(link, options, () => noise(options), greetWith);
}

/**
 * Finds out who is on the other side of a link, as an initiator, and ends the link. The responder proves its id in its
 * first message, and makes no session before it has had another one.
 *
 * @throws {MeshError} as `greet` does
 * @throws the signal's reason
 */
export function identify(link: Link, options: GreetOptions): Promise<NodeId> {
  return open(link, options, () => noise(options), identifyWith);
}

/**
 * The same with no cryptography at all, for simulations of many nodes: whoever says an id is believed.
 *
 * @throws {TypeError} without `insecure: true`, with a network key, and on a link that comes from another machine
 */
export function plainGreet(link: Link, options: InsecureOptions): Promise<Greeted> {
  return open(link, options, () => plain(link, options), greetWith);
}

/** {@linkcode identify} with no cryptography at all. */
export function plainIdentify(link: Link, options: InsecureOptions): Promise<NodeId> {
  return open(link, options, () => plain(link, options), identifyWith);
}

type InsecureOptions = GreetOptions & { readonly insecure: true };

function noise({ initiator, identity, networkKey }: GreetOptions): Opening {
  return new NoiseOpening(initiator, identity, networkKey);
}

function plain(link: Link, options: InsecureOptions): Opening {
  if (options.insecure !== true) throw new TypeError("Cannot greet without cryptography: `insecure` is not true");
  if (options.networkKey) throw new TypeError("Cannot greet without cryptography: there is a network key");
  if (link.remoteHost !== undefined) {
    throw new TypeError(`Cannot greet without cryptography: the other side is at ${link.remoteHost}`);
  }
  return new PlainOpening(options.identity);
}

/** What is done with a link, whose receiver is a line. */
type Way<Result> = (line: GreetLine, opening: Opening, options: GreetOptions) => Promise<Result>;

async function open<Result>(
  link: Link,
  options: GreetOptions,
  begin: () => Opening,
  go: Way<Result>,
): Promise<Result> {
  const { clock, signal, timeoutMs } = options;
  const line = new GreetLine(link);
  const late = () => line.fail(new MeshError("timeout", `The connection was not open within ${timeoutMs} ms`));
  const abort = () => line.fail(signal!.reason);
  const stopClock = clock.after(timeoutMs, late);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    signal?.throwIfAborted();
    return await go(line, begin(), options);
  } catch (error) {
    link.destroy();
    throw meaningOf(error);
  } finally {
    stopClock();
    signal?.removeEventListener("abort", abort);
  }
}

async function greetWith(line: GreetLine, opening: Opening, options: GreetOptions): Promise<Greeted> {
  const remote = await (options.initiator ? call : answer)(line, opening, options);
  line.rest();
  return greeted(remote, opening, line, options);
}

async function identifyWith(line: GreetLine, opening: Opening, options: GreetOptions): Promise<NodeId> {
  const remote = await callFirst(line, opening, options);
  line.drop();
  return remote;
}

/** The first half of the initiator's part: who the other side is. */
async function callFirst(line: GreetLine, opening: Opening, options: GreetOptions): Promise<NodeId> {
  line.send(opening.write(opening.hello));
  const remote = opening.judge(opening.read(await line.receive()));
  checkId(remote, options);
  return remote;
}

/** The initiator's part. */
async function call(line: GreetLine, opening: Opening, options: GreetOptions): Promise<NodeId> {
  const remote = await callFirst(line, opening, options);
  if (!mayStay(remote, options)) throw new MeshError("refused", `The node ${remote} is not allowed here`);
  line.send(opening.write(opening.proof));
  readVerdict(opening.unseal(await line.receive()), remote);
  return remote;
}

/** The responder's part. */
async function answer(line: GreetLine, opening: Opening, options: GreetOptions): Promise<NodeId> {
  const hello = opening.read(await line.receive());
  if (!isSame(hello, opening.hello)) throw new NoiseError("A first message is another one");
  line.send(opening.write(opening.proof));
  const remote = opening.judge(opening.read(await line.receive()));
  checkId(remote, options);
  if (mayStay(remote, options)) {
    line.send(opening.seal(Uint8Array.of(WELCOME)));
    return remote;
  }
  const refusal = new ByteWriter().u8(REFUSED).bytes(encoder.encode("this node is not on the list of those allowed"));
  line.send(opening.seal(refusal.done()));
  await line.leave();
  throw new MeshError("refused", `The node ${remote} is not allowed here`);
}

function greeted(remote: NodeId, opening: Opening, line: GreetLine, { initiator }: GreetOptions): Greeted {
  const { sendKey, receiveKey, hash } = opening.keys ?? {};
  return {
    remote,
    sendKey,
    receiveKey,
    sendNonce: initiator ? 0 : 1,
    receiveNonce: initiator ? 1 : 0,
    hash,
    handOver: (receiver) => line.handOver(receiver),
  };
}

function checkId(remote: NodeId, { identity, expected }: GreetOptions): void {
  if (remote === identity.id) {
    throw new MeshError("self", "This node has dialled itself, or another one has the same key");
  }
  if (expected !== undefined && remote !== expected) {
    throw new MeshError("identity", `There is the node ${remote} where ${expected} is expected`);
  }
}

function mayStay(remote: NodeId, { allow }: GreetOptions): boolean {
  return allow === undefined || allow(remote);
}

/** @throws {MeshError} when it is a refusal */
function readVerdict(verdict: Uint8Array<ArrayBuffer>, remote: NodeId): void {
  const reader = new ByteReader(verdict);
  const code = reader.u8();
  if (code === WELCOME) return reader.end();
  if (code !== REFUSED) throw new MalformedError(`A verdict is ${code}`);
  if (reader.left > meshLimits.refusalBytes) throw new MalformedError("A refusal is too long");
  throw new MeshError("refused", `The node ${remote} refuses: ${JSON.stringify(reader.text(reader.left))}`);
}

/** The error for who has asked to greet. */
function meaningOf(error: unknown): unknown {
  if (error instanceof NoiseError) {
    const guess = "the other side is no node, has another network key, or speaks another version";
    return new MeshError("handshake", `${error.message}: ${guess}`, { cause: error });
  }
  if (error instanceof MalformedError) {
    return new MeshError("protocol", `The other side breaks the protocol: ${error.message}`, { cause: error });
  }
  return error;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, i) => byte === other[i]);
}
