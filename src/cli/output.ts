/** Writing to the terminal or the pipe behind it: words to standard error, data to standard output. */

const encoder = new TextEncoder();

/** Writes data. */
export function writeStdout(text: string): void {
  writeAll(Deno.stdout, text);
}

/** Writes words for people. */
export function writeStderr(text: string): void {
  writeAll(Deno.stderr, text);
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.byteLength;) at += stream.writeSync(bytes.subarray(at));
}
