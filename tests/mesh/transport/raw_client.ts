/** Clients that say what they like, byte for byte. */

import { within } from "../../support/within.ts";

/** A connection. */
export class RawClient implements Disposable {
  readonly #connection: Deno.TcpConn;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect({ port }: { readonly port: number }): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Says something; a connection that has ended takes nothing. */
  async say(said: string | Uint8Array): Promise<void> {
    const bytes = typeof said === "string" ? new TextEncoder().encode(said) : said;
    for (let at = 0; at < bytes.byteLength;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** What comes until the other side ends it. */
  async rest(): Promise<string> {
    const [chunk, decoder] = [new Uint8Array(4096), new TextDecoder()];
    let text = "";
    try {
      for (;;) {
        const count = await within("the connection ends", this.#connection.read(chunk));
        if (count === null) return text;
        text += decoder.decode(chunk.subarray(0, count), { stream: true });
      }
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return text;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
