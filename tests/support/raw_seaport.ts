/** A client of seaport's wire that says whatever a test wants it to. */

import { createConnection, type Socket } from "node:net";
import { within } from "./within.ts";

/** A client of the wire. */
export class RawSeaport implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #closed = Promise.withResolvers<void>();
  #text = "";
  #rows: unknown[][] = [];
  #wake = () => {};

  constructor(port: number) {
    this.#socket = createConnection({ host: "127.0.0.1", port });
    this.#socket.on("data", (bytes) => {
      this.#text += bytes;
      const lines = this.#text.split("\n");
      this.#text = lines.pop()!;
      this.#rows.push(...lines.map((line) => JSON.parse(line)));
      this.#wake();
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      this.#closed.resolve();
      this.#wake();
    });
  }

  /** Connects, and takes what there is. */
  static async synced(port: number): Promise<RawSeaport> {
    const client = new RawSeaport(port);
    client.send(["synced"]);
    await client.next("synced");
    return client;
  }

  /** When the other side has ended the connection. */
  get closed(): Promise<void> {
    return within("the hub ends the connection", this.#closed.promise);
  }

  /** Sends rows, or whatever it is. */
  send(...rows: readonly (readonly unknown[] | string | Uint8Array)[]): void {
    for (const row of rows) {
      this.#socket.write(typeof row === "string" || row instanceof Uint8Array ? row : JSON.stringify(row) + "\n");
    }
  }

  /** The rows that came up to the next of a type, which is the last of them. */
  async until(type: string, id?: string): Promise<unknown[][]> {
    const looking = async () => {
      for (;;) {
        const found = this.#rows.findIndex((row) => row[0] === type && (id === undefined || row[1] === id));
        if (found !== -1) return this.#rows.splice(0, found + 1);
        if (this.#socket.destroyed) throw new Error(`Closed before a row of the type ${type}`);
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    return await within(() => `a row of the type ${type} after ${JSON.stringify(this.#rows)}`, looking());
  }

  /** The next row of a type; others before it are passed over. */
  async next(type: string, id?: string): Promise<unknown[]> {
    return (await this.until(type, id)).at(-1)!;
  }

  /** Takes nothing any more of what comes. */
  pause(): void {
    this.#socket.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed.promise;
  }
}
