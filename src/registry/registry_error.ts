/** What a registry refuses, by a code that callers branch on. */

/** Why something was refused. */
export type RegistryErrorCode =
  /** It can't be done by anybody: a bad name, version, port, range, or metadata. */
  | "invalid"
  /** The id belongs to another owner. */
  | "taken"
  /** No service has the id. */
  | "unknown"
  /** The service belongs to another owner. */
  | "not-owner"
  /** The service came to another hub, which alone may change it. */
  | "elsewhere"
  /** A key is needed that the hub knows, or a token. */
  | "unauthorized"
  /** The signature is not one of the key over what was sent. */
  | "signature"
  /** It was sent before. */
  | "replay"
  /** It was signed too long ago, or in the future. */
  | "clock"
  /** There are too many, or it is too large. */
  | "limit"
  /** It is not what the protocol has in this place. */
  | "protocol"
  /** The registry was closed. */
  | "closed";

/** A refusal. */
export class RegistryError extends Error {
  /** `RegistryError`. */
  override readonly name = "RegistryError";
  /** Why. */
  readonly code: RegistryErrorCode;

  /**
   * Makes one.
   *
   * @param message what was refused, why, and what to do
   */
  constructor(code: RegistryErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
