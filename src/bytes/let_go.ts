/**
 * Memory of bytes that nobody needs any more, given back at once. The collector frees buffers so late that each new one is
 * made of memory which the system has yet to clear, and that takes longer than to read its bytes from a socket.
 */

// glibc maps each block of 128 KiB or more anew, and trims its heaps by as much, until it has seen a larger one freed
// (mallopt(3), M_MMAP_THRESHOLD). Elsewhere this does nothing.
new ArrayBuffer(4 * 1024 * 1024).transfer(0);

/** From here on it takes the system longer to find memory than us to give it back. */
const LARGE_BYTES = 8 * 1024;

/** Whether to give back the memory of bytes: they are many, and nothing else is in their buffer. */
export function isLarge({ byteLength, buffer }: Uint8Array<ArrayBuffer>): boolean {
  return byteLength >= LARGE_BYTES && byteLength === buffer.byteLength;
}

/** Empties a buffer that nobody else has, with all views of it. */
export function letGo(buffer: ArrayBuffer): void {
  buffer.transfer(0);
}
