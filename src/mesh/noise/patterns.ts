/** Who says what in which message of a handshake (Noise §7), as a table. */

/** What is written into a message, or mixed into the keys (Noise §7.1). */
export type Token = "e" | "s" | "ee" | "es" | "se" | "psk";

/** The tokens of each message, the initiator's first. Nothing is known of each other before (no pre-messages). */
const PATTERNS = {
  NN: [["e"], ["e", "ee"]],
  XX: [["e"], ["e", "ee", "s", "es"], ["s", "se"]],
  IX: [["e", "s"], ["e", "ee", "se", "s", "es"]],
} as const satisfies Record<string, Messages>;

/** The tokens of each message. */
export type Messages = readonly (readonly Token[])[];

/** A pattern, and where a key that both sides have is mixed in: 0 before the first message, else behind that one. */
export type PatternName = keyof typeof PATTERNS | `${keyof typeof PATTERNS}psk${0 | 1 | 2 | 3}`;

/**
 * The messages of a pattern.
 *
 * @throws {RangeError} there is none of this name
 */
export function messagesOf(name: PatternName): Messages {
  const [base, place] = name.split("psk");
  const messages: Messages | undefined = PATTERNS[base as keyof typeof PATTERNS];
  if (!messages || Number(place) > messages.length) throw new RangeError(`There is no pattern ${name}`);
  if (place === undefined) return messages;
  if (place === "0") return [["psk", ...messages[0]], ...messages.slice(1)];
  return messages.map((tokens, i) => i + 1 === Number(place) ? [...tokens, "psk"] : tokens);
}
