/** Messages of JSON streams as clients read them: one array (Durable Streams 1.0 §7.1). */

const NEWLINE = 10;
const COMMA = 44;
const OPEN = 91;
const CLOSE = 93;

/** Makes a JSON array of messages that each have a newline behind them and none within. */
export function toJsonArray(messages: Uint8Array): Uint8Array<ArrayBuffer> {
  if (messages.byteLength === 0) return Uint8Array.of(OPEN, CLOSE);
  const array = new Uint8Array(messages.byteLength + 1);
  array[0] = OPEN;
  array.set(messages, 1);
  for (let at = array.indexOf(NEWLINE); at !== -1; at = array.indexOf(NEWLINE, at + 1)) array[at] = COMMA;
  array[array.byteLength - 1] = CLOSE;
  return array;
}
