/** What goes wrong between nodes, by a code that callers branch on. */

/** Why something failed. */
export type MeshErrorCode =
  /** The other side is no node, has another network key, or speaks another version: nothing it says can be read. */
  | "handshake"
  /** It is not who it should be, or can't prove who it says it is. */
  | "identity"
  /** It is this node itself, or has the same key. */
  | "self"
  /** This node is not allowed there, or that one is not allowed here. */
  | "refused"
  /** It was not done in time. */
  | "timeout"
  /** The connection has ended, or the node was closed. */
  | "closed"
  /** Nothing answers at the addresses that are known. */
  | "unreachable"
  /** It says what the protocol does not have in this place. */
  | "protocol";

/** A failure between nodes. */
export class MeshError extends Error {
  /** `MeshError`. */
  override readonly name = "MeshError";
  /** Why. */
  readonly code: MeshErrorCode;

  /**
   * Makes one.
   *
   * @param message what failed, why, and what to do; holds no key
   */
  constructor(code: MeshErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
