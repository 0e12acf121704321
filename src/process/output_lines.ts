/** What a program writes to one of its outputs: logged line by line, its end kept for an error answer, both bounded. */

import { concat } from "../bytes/source.ts";
import { limits } from "../limits.ts";

/** Takes chunks, gives lines. */
export class OutputLines {
  readonly #stream: string;
  readonly #onLine: (line: string) => void;
  readonly #tailBytesMax: number;
  readonly #decoder = new TextDecoder();
  #line = "";
  #cut = false;
  #logged = 0;
  #tail: Uint8Array<ArrayBuffer>[] = [];
  #tailBytes = 0;
  /** Bytes that came in all. */
  bytes = 0;

  /**
   * @param stream what the output is called where its lines end before it does
   * @param onLine takes each line without its end
   * @param tailBytesMax how much of the end is kept
   */
  constructor(stream: string, onLine: (line: string) => void, tailBytesMax: number = limits.stderrTailBytes) {
    this.#stream = stream;
    this.#onLine = onLine;
    this.#tailBytesMax = tailBytesMax;
  }

  /** Takes what came. */
  push(chunk: Uint8Array): void {
    this.bytes += chunk.byteLength;
    this.#keep(chunk);
    if (this.#logged > limits.stderrLogBytes) return;
    this.#logged += chunk.byteLength;
    const lines = this.#decoder.decode(chunk, { stream: true }).split("\n");
    this.#extend(lines[0]);
    for (const line of lines.slice(1)) {
      this.#emit();
      this.#extend(line);
    }
    if (this.#logged > limits.stderrLogBytes) {
      this.#onLine(`[${this.#stream} beyond ${limits.stderrLogBytes} bytes is not logged]`);
    }
  }

  /** Gives the last line, which may have no end. */
  end(): void {
    this.#extend(this.#decoder.decode());
    if (this.#line !== "") this.#emit();
  }

  /** The end of it as text. */
  get tail(): string {
    return new TextDecoder().decode(concat(this.#tail).subarray(-this.#tailBytesMax));
  }

  #extend(text: string): void {
    const room = limits.stderrLineBytes - this.#line.length;
    if (text.length > room) this.#cut = true;
    if (room > 0) this.#line += text.slice(0, room);
  }

  #emit(): void {
    this.#onLine(this.#line.replace(/\r$/, "") + (this.#cut ? " [cut]" : ""));
    this.#line = "";
    this.#cut = false;
  }

  #keep(chunk: Uint8Array): void {
    if (this.#tailBytesMax === 0) return; // slice(-0) is everything
    this.#tail.push(chunk.slice(-this.#tailBytesMax));
    this.#tailBytes += Math.min(chunk.byteLength, this.#tailBytesMax);
    if (this.#tailBytes > 2 * this.#tailBytesMax) {
      this.#tail = [concat(this.#tail).slice(-this.#tailBytesMax)];
      this.#tailBytes = this.#tailBytesMax;
    }
  }
}
