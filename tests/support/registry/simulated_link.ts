/** What lies between two hubs in virtual time: connections that keep their order, and break. */

import type { PeerMessage } from "../../../src/registry/federation/row.ts";
import type { Random } from "../random.ts";
import type { VirtualTime } from "../virtual_time.ts";
import { type Life, type Peer, type SimulatedHub, timeoutMs } from "./simulated_hub.ts";

/** Two hubs that connect whenever they can. */
export class SimulatedLink {
  readonly hubs: readonly [SimulatedHub, SimulatedHub];
  /** Nothing comes through. */
  isCut = false;
  /** Single messages are lost, doubled, and late. */
  isLossy = false;
  #connection: Connection | undefined;
  readonly #time: VirtualTime;
  readonly #random: Random;

  constructor(hubs: readonly [SimulatedHub, SimulatedHub], time: VirtualTime, random: Random) {
    this.hubs = hubs;
    this.#time = time;
    this.#random = random;
  }

  /** Connects the two if they are not. */
  connect(): void {
    if (this.#connection?.isOpen) {
      if (this.hubs.some(({ life }, i) => life !== this.#connection!.ends[i].life)) this.break();
      if (this.hubs.some((hub) => this.#isSilent(hub))) this.break();
      return;
    }
    if (this.isCut || this.hubs.some(({ isRunning }) => !isRunning)) return;
    const connection = this.#connection = new Connection(this, this.#time, this.#random);
    for (const end of connection.ends) end.hub.deliver(end.life, ({ registrar }) => registrar.replica.connect(end));
  }

  /** Breaks their connection: what is under way is lost, and each notices sooner or later. */
  break(): void {
    const connection = this.#connection;
    if (!connection?.isOpen) return;
    connection.isOpen = false;
    for (const end of connection.ends) {
      const notice = () => end.hub.deliver(end.life, ({ registrar }) => registrar.replica.disconnect(end));
      this.#time.after(this.#random(3) === 0 ? this.#random(timeoutMs) : 0, notice);
    }
  }

  #isSilent({ stoppedAt }: SimulatedHub): boolean {
    return stoppedAt !== undefined && this.#time.now - stoppedAt > timeoutMs;
  }
}

/** One connection. */
class Connection {
  readonly ends: readonly [End, End];
  isOpen = true;

  constructor(link: SimulatedLink, time: VirtualTime, random: Random) {
    const delayMs = 1 + random(40);
    const [a, b] = link.hubs.map((hub) => new End(hub));
    [a.carry, b.carry] = [(text) => carry(a, b, text), (text) => carry(b, a, text)];
    this.ends = [a, b];

    const carry = (from: End, to: End, text: string) => {
      if (link.isLossy && random(8) === 0) return;
      from.arrivesAt = Math.max(from.arrivesAt, time.now + 1 + random(delayMs));
      deliver(to, text, from.arrivesAt - time.now);
      if (link.isLossy && random(8) === 0) deliver(to, text, from.arrivesAt - time.now + random(3 * timeoutMs));
    };
    const deliver = (to: End, text: string, ms: number) => {
      time.after(ms, () => {
        if (!this.isOpen) return;
        to.hub.deliver(to.life, (life) => to.hub.receive(to, life, JSON.parse(text)));
      });
    };
  }
}

/** A hub's end of one. */
class End implements Peer {
  readonly hub: SimulatedHub;
  readonly life: Life | undefined;
  /** When the last message that was sent arrives: none overtakes another. */
  arrivesAt = 0;
  carry = (_text: string) => {};

  constructor(hub: SimulatedHub) {
    this.hub = hub;
    this.life = hub.life;
  }

  send(message: PeerMessage): void {
    this.carry(JSON.stringify(message));
  }
}
