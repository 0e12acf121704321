/** Clients that have all services with them: each is sent all there is, then each change, at the pace at which it takes it. */

import { limits } from "../../limits.ts";
import type { Catalog } from "../table/catalog.ts";
import type { Link } from "../wire/link.ts";
import { ChangeLog, type Snapshot } from "./change_log.ts";

/** How far one follower is. */
interface Follower {
  /** What it is being sent before changes; undefined when it has all of it. */
  snapshot: Snapshot | undefined;
  /** Messages of the snapshot that were sent. */
  sent: number;
  /** The last change that it was sent. */
  index: number;
}

/** All of them. */
export class Followers implements Disposable {
  readonly #log: ChangeLog;
  readonly #followers = new Map<Link, Follower>();

  constructor(catalog: Catalog) {
    const followers = this.#followers;
    this.#log = new ChangeLog(catalog, {
      get size() {
        return followers.size;
      },
      tell: () => {
        for (const [link, follower] of followers) this.#pump(link, follower);
      },
    });
  }

  /** How many there are. */
  get size(): number {
    return this.#followers.size;
  }

  /** Sends one all services and what happens to them, until the link ends. */
  add(link: Link): void {
    if (this.#followers.has(link)) return;
    const follower: Follower = { snapshot: this.#log.snapshot(), sent: 0, index: 0 };
    this.#followers.set(link, follower);
    link.closed.then(() => this.#followers.delete(link));
    link.onRoom = () => this.#pump(link, follower);
    this.#pump(link, follower);
  }

  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]();
  }

  #pump(link: Link, follower: Follower): void {
    while (link.waiting < limits.registryAheadBytes) {
      const text = this.#next(follower);
      if (text === undefined) return;
      link.send(text);
    }
  }

  /** What one is sent next. */
  #next(follower: Follower): string | undefined {
    const { snapshot } = follower;
    if (snapshot && follower.sent < snapshot.texts.length) return snapshot.texts[follower.sent++];
    if (snapshot) [follower.snapshot, follower.index] = [undefined, snapshot.index];
    const message = this.#log.after(follower.index);
    if (message === undefined) return undefined;
    if (message === null) {
      follower.snapshot = this.#log.snapshot();
      follower.sent = 0;
      return this.#next(follower);
    }
    follower.index = message.index;
    return message.text;
  }
}
