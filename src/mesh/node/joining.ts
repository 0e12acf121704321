/** All join points of a node. */

import type { Clock } from "../clock.ts";
import type { Contact } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import { JoinPoint } from "./join_point.ts";
import type { Joined } from "./peers.ts";

/** What they need of their node. */
export interface JoiningHost {
  readonly clock: Clock;
  readonly random: () => number;
  /** Dials an address, and says hello. @throws {MeshError} when that fails */
  dial(address: string): Promise<Joined>;
  /**
   * The node has joined by one more.
   *
   * @param contacts all by which it has joined now
   */
  joined(contact: Contact, contacts: readonly Contact[], isRelay: boolean): void;
  /** A node by which it had joined is lost. */
  lost(contact: Contact, isRelay: boolean): void;
  /** An address does not lead to the mesh now. */
  failed(address: string, error: Error): void;
}

/** Keeps a node in the mesh. */
export class Joining {
  readonly #host: JoiningHost;
  readonly #points: JoinPoint[] = [];
  /** Nodes by which it has joined, by the addresses that lead there. */
  readonly #contacts = new Map<string, Contact>();

  constructor(host: JoiningHost) {
    this.#host = host;
  }

  /** Begins with some more addresses. */
  begin(addresses: readonly string[]): void {
    const { clock, random, dial, failed } = this.#host;
    const joined = (address: string, joined: Joined) => this.#joined(address, joined);
    for (const address of new Set(addresses)) {
      const point = new JoinPoint(address, { clock, random, dial, joined, failed });
      this.#points.push(point);
      void point.run();
    }
  }

  /**
   * Waits until the node has joined by one of them, or was tried once by each. A node that was told only its own address is
   * the first of its mesh, and has nobody to wait for.
   *
   * @throws {MeshError} when none was reached
   */
  async done(): Promise<void> {
    if (this.#points.length === 0) return;
    const tries = this.#points.map(async (point) => {
      const first = await point.tried;
      if (first !== "joined") throw first;
    });
    const late = Promise.withResolvers<never>();
    const stopClock = this.#host.clock.after(meshLimits.joinFirstMs, () => {
      late.reject(new MeshError("timeout", "No join point has answered yet"));
    });
    try {
      await Promise.race([Promise.any(tries), late.promise]);
    } catch (error) {
      const errors = error instanceof AggregateError ? error.errors.filter((one) => one !== "self") : [error];
      if (errors.length > 0) throw errors[0];
    } finally {
      stopClock();
    }
  }

  /** Tries no more. Sessions that there are go on. */
  close(): void {
    for (const point of this.#points) point.close();
  }

  #joined(address: string, { session, isRelay }: Joined): void {
    const contact = { id: session.remote, addresses: [address] };
    this.#contacts.set(address, contact);
    this.#host.joined(contact, [...this.#contacts.values()], isRelay);
    void session.closed.then(() => {
      if (this.#contacts.get(address) === contact) this.#contacts.delete(address);
      this.#host.lost(contact, isRelay);
    });
  }
}
