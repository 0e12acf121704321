/** An HTTP/1.1 client that hides nothing: bytes out, bytes in, over one TCP connection. */

import { within } from "./within.ts";

/** The head of a response. */
export interface RawHead {
  readonly status: number;
  /** By lower-case name; of several with one name the last. */
  readonly headers: Readonly<Record<string, string>>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class RawClient implements Disposable {
  readonly #connection: Deno.TcpConn;
  #buffer = new Uint8Array(0);
  /** How the server's side ended: by closing, or by a reset. */
  ending: "closed" | "reset" | undefined;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    return new RawClient(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Writes everything. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    for (let at = 0; at < bytes.byteLength;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** What comes next; null at the end of the connection, however it ended. */
  async read(): Promise<Uint8Array | null> {
    if (this.#buffer.byteLength > 0) return this.#take(this.#buffer.byteLength);
    return await this.#receive();
  }

  /** All up to a mark, the mark included. */
  async until(mark: string): Promise<string> {
    return await within(`${JSON.stringify(mark)} comes`, this.#until(mark));
  }

  /** A response's head. */
  async head(): Promise<RawHead> {
    const [first, ...lines] = (await this.until("\r\n\r\n")).trimEnd().split("\r\n");
    const fields = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    return { status: Number(first.split(" ")[1]), headers: Object.fromEntries(fields) };
  }

  /** The content of one chunk of a chunked body; empty for the last chunk, behind which the trailers stand. */
  async chunk(): Promise<string> {
    const size = parseInt(await this.until("\r\n"), 16);
    if (size === 0) return "";
    return decoder.decode((await this.exactly(size + 2)).subarray(0, size));
  }

  /** A response's whole body, as its head says where it ends. */
  async body({ headers }: RawHead): Promise<string> {
    const length = headers["content-length"];
    if (length !== undefined) return decoder.decode(await this.exactly(Number(length)));
    let text = "";
    for (let chunk = await this.chunk(); chunk !== ""; chunk = await this.chunk()) text += chunk;
    await this.until("\r\n"); // behind the last chunk, where there are no trailers
    return text;
  }

  /** So many bytes. */
  async exactly(count: number): Promise<Uint8Array> {
    while (this.#buffer.byteLength < count) await this.#more(`${count} bytes`);
    return this.#take(count);
  }

  /** All that comes until the connection ends. */
  async rest(): Promise<string> {
    const read = async () => {
      let text = "";
      const decoder = new TextDecoder();
      for (let chunk = await this.read(); chunk; chunk = await this.read()) {
        text += decoder.decode(chunk, { stream: true });
      }
      return text;
    };
    return await within("the connection ends", read());
  }

  /** Sends nothing more, and still listens. */
  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // It has left already.
    }
  }

  async #until(mark: string): Promise<string> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#buffer);
      const at = text.indexOf(mark);
      if (at !== -1) return decoder.decode(this.#take(at + mark.length));
      await this.#more(JSON.stringify(mark));
    }
  }

  async #more(what: string): Promise<void> {
    const chunk = await this.#receive();
    if (!chunk) throw new Error(`The connection was ${this.ending} before ${what}: ${decoder.decode(this.#buffer)}`);
    const joined = new Uint8Array(this.#buffer.byteLength + chunk.byteLength);
    joined.set(this.#buffer);
    joined.set(chunk, this.#buffer.byteLength);
    this.#buffer = joined;
  }

  async #receive(): Promise<Uint8Array | null> {
    const chunk = new Uint8Array(64 * 1024);
    try {
      const count = await this.#connection.read(chunk);
      if (count === null) this.ending = "closed";
      return count === null ? null : chunk.subarray(0, count);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      this.ending = "reset";
      return null;
    }
  }

  #take(count: number): Uint8Array {
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }
}
