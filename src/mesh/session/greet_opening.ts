/** What two nodes show each other to become sure of who they are: with Noise, or in simulations with nothing. */

import { MalformedError } from "../../bytes/byte_reader.ts";
import { concat } from "../../bytes/source.ts";
import { type Identity, SIGNATURE_BYTES, verifySignature } from "../identity.ts";
import { MeshError } from "../mesh_error.ts";
import { type NodeId, nodeIdOf, PUBLIC_KEY_BYTES } from "../node_id.ts";
import { CipherState } from "../noise/cipher_state.ts";
import { Handshake, type TransportKeys } from "../noise/handshake.ts";
import { newKeyPairX25519 } from "../noise/x25519.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** One side of an opening: three messages, and the verdict of who was called. */
export interface Opening {
  /** The payload of the first message. */
  readonly hello: Bytes;
  /** What this node shows of itself, in the second or third message. */
  readonly proof: Bytes;
  /** Makes this side's next message. */
  write(payload: Bytes): Bytes;
  /** The payload of the other side's next message. @throws {NoiseError} */
  read(message: Bytes): Bytes;
  /** Who has shown this. @throws {MeshError} nobody can have */
  judge(proof: Bytes): NodeId;
  /** Encrypts the verdict, when the messages are over. */
  seal(verdict: Bytes): Bytes;
  /** Decrypts it. @throws {NoiseError} */
  unseal(verdict: Bytes): Bytes;
  /** The keys for what follows, and what both sides may call this one session. */
  readonly keys: (TransportKeys & { readonly hash: Bytes }) | undefined;
}

const NOTHING: Bytes = new Uint8Array(0);
const encoder = new TextEncoder();

/** Both sides say it, and change it when one can't talk to the other any more. */
const PROLOGUE = encoder.encode("sluice-mesh/1");

/** What a signature is of, so that it serves for nothing else. */
const SIGNED = encoder.encode("sluice mesh static key\0");

/** The key of all this process's handshakes. It lasts as long as that: what is stolen of it is worth nothing later. */
const staticKey = newKeyPairX25519();

/** What each identity shows; signing takes longer than half of the rest. */
const proofs = new WeakMap<Identity, Bytes>();

/** With Noise: `XX`, or `XXpsk0` where the network has a key, so that nothing is computed for who has it not. */
export class NoiseOpening implements Opening {
  readonly hello = NOTHING;
  readonly proof: Bytes;
  readonly #handshake: Handshake;
  #keys: (TransportKeys & { readonly hash: Bytes }) | undefined;

  constructor(initiator: boolean, identity: Identity, networkKey: Uint8Array | undefined) {
    this.proof = proofOf(identity);
    const pattern = networkKey ? "XXpsk0" : "XX";
    this.#handshake = new Handshake({ pattern, initiator, prologue: PROLOGUE, staticKey, psk: networkKey });
  }

  get keys(): TransportKeys & { readonly hash: Bytes } {
    return this.#keys ??= { ...this.#handshake.split(), hash: this.#handshake.hash };
  }

  write(payload: Bytes): Bytes {
    return this.#handshake.writeMessage(payload);
  }

  read(message: Bytes): Bytes {
    return this.#handshake.readMessage(message);
  }

  judge(proof: Bytes): NodeId {
    if (proof.byteLength !== PUBLIC_KEY_BYTES + SIGNATURE_BYTES) throw new MalformedError("A proof of an id is none");
    const id = nodeIdOf(proof.subarray(0, PUBLIC_KEY_BYTES));
    const signed = textOf(this.#handshake.remoteStatic!);
    if (!verifySignature(id, signed, proof.subarray(PUBLIC_KEY_BYTES))) {
      throw new MeshError("identity", `The other side claims to be ${id}, and can't prove it`);
    }
    return id;
  }

  seal(verdict: Bytes): Bytes {
    return new CipherState(this.keys.sendKey).encrypt(verdict);
  }

  unseal(verdict: Bytes): Bytes {
    return new CipherState(this.keys.receiveKey).decrypt(verdict);
  }
}

/** With nothing: whoever says an id is believed. */
export class PlainOpening implements Opening {
  readonly hello: Bytes = encoder.encode("sluice-mesh-plain/1");
  readonly proof: Bytes;
  readonly keys = undefined;

  constructor({ publicKey }: Identity) {
    this.proof = publicKey;
  }

  write(payload: Bytes): Bytes {
    return payload;
  }

  read(message: Bytes): Bytes {
    return message;
  }

  judge(proof: Bytes): NodeId {
    if (proof.byteLength !== PUBLIC_KEY_BYTES) throw new MalformedError("An id is none");
    return nodeIdOf(proof);
  }

  seal(verdict: Bytes): Bytes {
    return verdict;
  }

  unseal(verdict: Bytes): Bytes {
    return verdict;
  }
}

function proofOf(identity: Identity): Bytes {
  let proof = proofs.get(identity);
  if (!proof) {
    proof = concat([identity.publicKey, identity.sign(textOf(staticKey.publicKey))]);
    proofs.set(identity, proof);
  }
  return proof;
}

/** What a node signs of its static key. */
function textOf(publicKey: Bytes): Bytes {
  return concat([SIGNED, publicKey]);
}
