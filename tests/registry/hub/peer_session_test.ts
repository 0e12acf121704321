/** What waits for another hub that takes nothing: little, however much it asks for. */

import { EventEmitter } from "node:events";
import { deepEqual, equal, ok } from "node:assert/strict";
import type { WebSocket } from "../../../src/net/ws.d.ts";
import { newKeyPair } from "../../../src/net/keys.ts";
import { Origin } from "../../../src/registry/federation/origin.ts";
import type { PeerMessage } from "../../../src/registry/federation/row.ts";
import { PeerSession } from "../../../src/registry/hub/peer_session.ts";
import { Link } from "../../../src/registry/wire/link.ts";
import { Opener, Sealer } from "../../../src/registry/wire/seal.ts";
import { limits } from "../../../src/limits.ts";

/** A socket whose other end takes nothing until it is told to. */
class StandingSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  bufferedAmount: number = limits.registryAheadBytes;
  readonly sent: string[] = [];

  send(text: string, sent: () => void): void {
    this.sent.push(text);
    queueMicrotask(sent);
  }
}

function standing() {
  const socket = new StandingSocket();
  const link = new Link(socket as unknown as WebSocket);
  const key = newKeyPair();
  const [sealer, opener] = [new Sealer(key, "c", Date.now), new Opener(key, "c", Date.now)];
  const session = new PeerSession({ link, hub: "other", start: 1, isCalled: true, sealer, opener });
  /** All messages that were waiting, when they are taken. */
  const take = async (): Promise<PeerMessage[]> => {
    socket.bufferedAmount = 0;
    link.onRoom();
    await new Promise((resolve) => setTimeout(resolve, 0)); // the messages of a moment go out at its end
    return socket.sent.flatMap((text) => JSON.parse(text)).map(({ body }) => JSON.parse(body).message);
  };
  return { session, take };
}

function origin(rows: number, x = ""): Origin {
  const made = new Origin({ hub: "h", start: 1, counter: 0, beat: 0 }, 0);
  for (let i = 0; i < rows; i++) {
    const service = { id: `s${i}`, role: "web", host: "h", port: 1, x };
    made.change({ id: service.id, row: { service, owner: "o", incarnation: 1 } });
  }
  return made;
}

Deno.test("all rows of a hub wait once for a peer, and are looked up when their turn comes", async () => {
  const { session, take } = standing();
  const known = origin(10);
  for (let i = 0; i < 3000; i++) session.send(known.full);
  known.change({ id: "s0" });
  const [full, ...others] = await take();
  deepEqual(full.type === "full" && [full.counter, full.rows.length], [11, 9]);
  deepEqual(others, []);
});

Deno.test("changes that a peer asks for again and again wait up to a bound", async () => {
  const { session, take } = standing();
  const changes = origin(100, "x".repeat(limits.registryMetadataChars)).since(0)!;
  for (let after = 0; after < 1000; after++) session.send({ type: "delta", hub: "h", start: 1, after, changes });
  const taken = await take();
  ok(taken.length > 1);
  ok(JSON.stringify(taken).length <= 1.5 * limits.registryPeerChars);
});

Deno.test("an origin keeps changes up to a bound, however large they are", () => {
  const known = origin(1000, "x".repeat(limits.registryMetadataChars));
  equal(known.since(0), undefined);
  equal(known.since(900)?.length, 100);
});
