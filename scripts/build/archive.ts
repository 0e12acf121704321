/**
 * Archives as the POSIX standard describes them (pax, "ustar Interchange Format"), of the same bytes for the same files
 * wherever they are made: owner, mode and date of the files on disk are not looked at.
 */

/** A file of an archive. */
export interface Entry {
  /** At most 100 bytes of ASCII. */
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  content(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

const BLOCK_BYTES = 512;

/** The bytes of an archive. */
export async function* archive(entries: readonly Entry[], modified: Date): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (const entry of entries) {
    yield header(entry, modified);
    yield* entry.content();
    yield new Uint8Array((BLOCK_BYTES - entry.size % BLOCK_BYTES) % BLOCK_BYTES);
  }
  yield new Uint8Array(2 * BLOCK_BYTES);
}

function header({ name, mode, size }: Entry, modified: Date): Uint8Array<ArrayBuffer> {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) {
    throw new TypeError(`Cannot archive ${name}: its name has no place in a header`);
  }
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string) => block.set(new TextEncoder().encode(text), at);
  const octal = (at: number, digits: number, value: number) => put(at, value.toString(8).padStart(digits, "0"));
  put(0, name);
  octal(100, 7, mode);
  octal(108, 7, 0); // user
  octal(116, 7, 0); // group
  octal(124, 11, size);
  octal(136, 11, modified.getTime() / 1000);
  put(148, " ".repeat(8)); // the checksum is made as if it were blank
  put(156, "0"); // a file
  put(257, "ustar\x0000");
  octal(148, 6, block.reduce((sum, byte) => sum + byte, 0));
  block[154] = 0;
  return block;
}
