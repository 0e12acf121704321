/** What a Noise handshake refuses of the other side. */

/** A message that was not made by somebody with the right keys, or was changed on its way. Says nothing of any key. */
export class NoiseError extends Error {
  /** `NoiseError`. */
  override readonly name = "NoiseError";
}
