/** Places for clients: of a process, which its servers share. */

import { equal, ok } from "node:assert/strict";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ClientDoor, ClientPlaces, clientsOf, descriptorLimit } from "../src/client_door.ts";
import { within } from "./support/within.ts";

/** A server whose clients come in by a door. */
class Doorway implements AsyncDisposable {
  readonly inside: Socket[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(places: ClientPlaces): Promise<Doorway> {
    const server = createServer();
    const door = new ClientDoor(places);
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
    const doorway = new Doorway(server);
    server.on("connection", (socket: Socket) => {
      if (!door.admit(socket)) return;
      doorway.inside.push(socket);
      socket.resume().write("!");
    });
    return doorway;
  }

  /** A client that was answered; undefined when it was closed instead. */
  async visit(): Promise<Deno.Conn | undefined> {
    const { port } = this.#server.address() as AddressInfo;
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    const got = await within("an answer or an end", client.read(new Uint8Array(1)).catch(() => null));
    if (got !== null) return client;
    client.close();
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.inside) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

Deno.test("servers share places, each has some of its own, and who leaves makes room", async () => {
  const places = new ClientPlaces(12);
  await using first = await Doorway.open(places);
  await using second = await Doorway.open(places);
  const clients: Deno.Conn[] = [];
  for (let i = 0; i < 12; i++) clients.push((await first.visit())!);
  equal(await first.visit(), undefined);
  for (let i = 0; i < 8; i++) clients.push((await second.visit())!);
  equal(await second.visit(), undefined);
  const closed = first.inside.slice(0, 9).map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  for (const client of clients.splice(0, 9)) client.close();
  await within("they have left", Promise.all(closed));
  const again = await second.visit();
  ok(again);
  for (const client of [...clients, again]) client.close();
});

Deno.test("clients have half of the descriptors, but a number that is small is kept for what has to be", () => {
  equal(clientsOf(65_536), 32_768);
  equal(clientsOf(512), 256);
  equal(clientsOf(300), 108);
  equal(clientsOf(64), 8);
  equal(clientsOf(Infinity), 32_768);
  ok(descriptorLimit() >= 64);
});
