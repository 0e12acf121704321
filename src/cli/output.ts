/** Writing to the terminal or the pipe behind it: words to standard error, data to standard output. */

const encoder = new TextEncoder();

/** Whoever read standard output has left: there is nothing more to do, and nothing to complain of. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/**
 * Writes data.
 *
 * @throws {ReaderGone} when nobody reads them any more
 */
export function writeStdout(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (cause) {
    throw cause instanceof Deno.errors.BrokenPipe ? new ReaderGone(cause.message, { cause }) : cause;
  }
}

/** Writes words for people. */
export function writeStderr(text: string): void {
  writeAll(Deno.stderr, text);
}

/** Writes words for people from a command that has to go on when nobody reads them any more. */
export function tellStderr(text: string): void {
  try {
    writeStderr(text);
  } catch {
    // A closed terminal or pipe: the words are lost, what the command does for others is not.
  }
}

/** Writes data as they come, no faster than they are taken; whoever reads them may leave early. */
export async function pourOut(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.byteLength;) at += await Deno.stdout.write(chunk.subarray(at));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error; // such as `head`, which has seen enough
  }
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.byteLength;) at += stream.writeSync(bytes.subarray(at));
}
