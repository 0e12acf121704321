/** The wire of flatend, as it should not be spoken: each mistake ends one connection, and hurts nobody else. */

import { equal, match } from "node:assert/strict";
import type { LogFields } from "../../../src/log.ts";
import { writePacket } from "../../../src/mesh/flatend/packets.ts";
import { FIRST_STREAM } from "../../../src/mesh/flatend/pushes.ts";
import { newIdentity } from "../../../src/mesh/identity.ts";
import { startBridge } from "../../support/mesh/flatend.ts";
import { data, forged, RawFlatend, request, response, signed, works } from "../../support/mesh/raw_flatend.ts";
import { flatendLimits } from "../../../src/mesh/flatend/limits.ts";

/** What a node does that it may not, and what is said of it. */
const MISTAKES: Record<string, { does(node: RawFlatend): void; said: RegExp; greets?: false }> = {
  "a wrong signature": {
    does: (node) => node.send({ type: "handshake", handshake: forged(["a"]) }, 1),
    said: /signature/,
    greets: false,
  },
  "a packet before the handshake": {
    does: (node) => node.send(request(0)),
    said: /before the handshake/,
    greets: false,
  },
  "a question without a number": {
    does: (node) => node.send({ type: "find", target: new Uint8Array(32) }),
    said: /has the number 0/,
  },
  "a packet with a number that is no question": { does: (node) => node.send(data(0), 3), said: /has the number 3/ },
  "a reply to what was never asked": { does: (node) => node.send(data(0), 2), said: /never asked/ },
  "a frame that can't be decrypted": {
    does: (node) => node.socket.write(Uint8Array.of(0, 0, 0, 40, ...new Uint8Array(40))),
    said: /can't be decrypted/,
  },
  "a frame that is too long": { does: (node) => node.socket.write(Uint8Array.of(0xff, 0, 0, 0)), said: /bytes, not/ },
  "a frame that is too short": { does: (node) => node.socket.write(new Uint8Array(4)), said: /bytes, not/ },
  "an opcode that there is not": { does: (node) => node.sendMessage(Uint8Array.of(5, 0)), said: /unknown opcode 5/ },
  "a packet with something left over": {
    does: (node) => node.sendMessage(Uint8Array.of(...writePacket(data(0)), 1)),
    said: /left over/,
  },
  "too large a piece of a body": {
    does: (node) => node.sendMessage(Uint8Array.of(3, 0, 0, 0, 0, 8, 1, ...new Uint8Array(2049))),
    said: /2049 bytes/,
  },
  "two requests with one id": {
    does: (node) => [request(2), request(2)].forEach((packet) => node.send(packet)),
    said: /Two requests have the id 2/,
  },
  "a request with an id of ours": { does: (node) => node.send(request(FIRST_STREAM)), said: /one of ours/ },
  "a piece of a request that is not under way": { does: (node) => node.send(data(8)), said: /not under way/ },
  "an answer to a request never made": { does: (node) => node.send(response(FIRST_STREAM)), said: /never made/ },
  "a piece of an answer never asked for": { does: (node) => node.send(data(FIRST_STREAM + 2)), said: /never made/ },
  "another id than before": {
    does(node) {
      node.send({ type: "handshake", handshake: signed(newIdentity(), []) }, 3);
      node.send({ type: "handshake", handshake: signed(newIdentity(), []) }, 5);
    },
    said: /another one than before/,
  },
  "more requests than may be under way": {
    does(node) {
      for (let i = 0; i <= flatendLimits.streams; i++) node.send(request(2 * i));
    },
    said: /requests are under way/,
  },
};

for (const [name, { does, said, greets = true }] of Object.entries(MISTAKES)) {
  Deno.test(`${name} ends the connection of whoever sends it, and no other one`, async () => {
    const reasons: (LogFields | undefined)[] = [];
    await using bridge = await startBridge({
      offered: () => ["ours"],
      call: (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      log: (level, _, fields) => level === "warn" && reasons.push(fields),
    });
    await using good = await RawFlatend.offering(bridge.port, "good");
    await using bad = await RawFlatend.exchanged(bridge.port);
    if (greets) await bad.greet([]);
    does(bad);
    await bad.closed;
    equal(reasons.length, 1);
    match(String(reasons[0]!.reason), said);
    await works(bridge, good, "good");
  });
}
