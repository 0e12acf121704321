/** A wire that somebody has in hand: whatever is done to it, nothing wrong arrives, and the session ends. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import type { MeshError } from "../../../src/mesh/mesh_error.ts";
import { type Bytes, cutShort, patterned, type SessionPair, sessionPair } from "../../support/mesh/session_pair.ts";
import { until } from "../../support/within.ts";

/** Short messages, long ones, and both in turn. */
const kinds = { short: [2000], long: [30_000], mixed: [2000, 30_000, 500, 12_000, 12_000, 100] };
const MESSAGES = 12;
const none = new Uint8Array(0);

const macrotask = () => new Promise<void>((resolve) => setTimeout(resolve));

/** Sends a body, each piece as a message of its own. @returns what is sent, and what arrives of it */
function send({ a, b }: SessionPair, sizes: readonly number[]): { body: Bytes; arrived: number[] } {
  const pieces = Array.from({ length: MESSAGES }, (_, i) => patterned(sizes[i % sizes.length], i));
  const arrived: number[] = [];
  b.onStream = async ({ stream }) => {
    try {
      for (let chunk = await stream.read(); chunk; chunk = await stream.read()) arrived.push(...chunk);
      arrived.push(-1); // it looks whole
    } catch { /* it is what this is about */ }
  };
  const { sender } = a.session.open(Uint8Array.of(1));
  void (async () => {
    for (const piece of pieces) {
      if (!await sender.put(piece)) return;
      await Promise.resolve();
      await Promise.resolve();
    }
    sender.close();
  })();
  return { body: new Uint8Array(pieces.flatMap((piece) => [...piece])), arrived };
}

/** What arrived is a beginning of what was sent, and does not look whole. */
function isBeginning(body: Bytes, arrived: readonly number[]): void {
  ok(arrived.length < body.byteLength && arrived.every((byte, i) => byte === body[i]));
}

/** Something is done to one message of the wire. */
const tampers: Record<string, (nth: (index: number) => Bytes | undefined, message: Bytes, chance: number) => Bytes[]> =
  {
    "is changed in a bit": (_, message, chance) => {
      const changed = message.slice();
      changed[2 + chance % (message.byteLength - 2)] ^= 1 << chance % 8;
      return [changed];
    },
    "comes twice": (_, message) => [message, message],
    "is left out": () => [],
    "comes a second time, later": (nth, message) => [message, nth(0)!],
    "is cut within": (_, message, chance) => [message.subarray(0, 2 + chance % (message.byteLength - 2))],
    "has another length before it": (_, message, chance) => {
      const changed = message.slice();
      changed[chance % 2] ^= 1 << chance % 5;
      return [changed];
    },
    "is garbage": (_, message, chance) => [message.map((byte, i) => byte ^ (i * chance + 1))],
  };

const isOfOtherLength = (what: string) => /cut|length|garbage/.test(what);

for (const [kind, sizes] of Object.entries(kinds)) {
  for (const [what, tamper] of Object.entries(tampers)) {
    Deno.test(`nothing wrong arrives when a ${kind} message ${what}`, cutShort, async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.nat(100_000), async (which, chance) => {
          const pair = sessionPair({ roomBytes: 10_000_000 });
          const seen: Bytes[] = [];
          pair.a.link.shape = (message) => {
            seen.push(message.slice());
            return seen.length - 1 === which ? tamper((i) => seen[i], message, chance) : [message];
          };
          const { body, arrived } = send(pair, sizes);
          let turns = 0;
          await until("the session ends", () => {
            void pair.a.session.ask(none).catch(() => {/* it ends meanwhile */}); // something follows in any case
            // What has another length waits for its rest, which may be long in coming.
            if (isOfOtherLength(what) && ++turns === 3) pair.a.link.destroy();
            return pair.b.ends.length > 0;
          });
          await macrotask();
          if (!isOfOtherLength(what)) equal(pair.b.ends[0].code, "protocol");
          isBeginning(body, arrived);
        }),
        { numRuns: 6 },
      );
    });
  }
}

Deno.test("a message of another session is none", async () => {
  const [one, other] = [sessionPair(), sessionPair()];
  one.a.link.shape = (message) => other.a.link.written.length > 0 ? [other.a.link.written[0]] : [message];
  void other.a.session.ask(patterned(100)).catch(() => {});
  await until("it was sent", () => other.a.link.written.length > 0);
  await rejects(one.a.session.ask(patterned(100)), ({ code }: MeshError) => code === "closed");
  equal(one.b.ends[0].code, "protocol");
  deepEqual(one.b.questions, []);
});

Deno.test("what one side sent is no message to itself", async () => {
  const { a, b } = sessionPair();
  const sent: Bytes[] = [];
  a.link.shape = (message) => {
    sent.push(message);
    return [];
  };
  b.link.shape = () => sent;
  void a.session.ask(patterned(10)).catch(() => {});
  await until("it was sent", () => sent.length > 0);
  void b.session.ask(patterned(10)).catch(() => {});
  await until("it came back", () => a.ends.length > 0);
  equal(a.ends[0].code, "protocol");
  deepEqual(a.questions, []);
});

Deno.test("a link that ends between messages leaves no body that looks whole", async () => {
  for (const after of [1, 2, 5]) {
    const pair = sessionPair();
    let count = 0;
    pair.a.link.shape = (message) => count++ < after ? [message] : [];
    const { body, arrived } = send(pair, kinds.short);
    await until("what was let through came", () => arrived.length > 0 || after === 1);
    await macrotask();
    pair.a.link.destroy();
    await until("both have ended", () => pair.a.ends.length + pair.b.ends.length === 2);
    await macrotask();
    deepEqual([...pair.a.ends, ...pair.b.ends].map(({ code }) => code), ["closed", "closed"]);
    isBeginning(body, arrived);
  }
});
