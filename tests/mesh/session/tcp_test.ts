/** Sessions over sockets: much at once, and what happens when a connection breaks. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { systemClock } from "../../../src/mesh/clock.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { MeshError } from "../../../src/mesh/mesh_error.ts";
import { FrameType } from "../../../src/mesh/session/frames.ts";
import type { MeshStream } from "../../../src/mesh/session/mesh_stream.ts";
import { dialLink } from "../../../src/mesh/transport/dial_link.ts";
import type { Link } from "../../../src/mesh/transport/link.ts";
import { listenLinks } from "../../../src/mesh/transport/listen_links.ts";
import { bodyOf, cutShort, End, headOf, newKeys, patterned, quiet, sendAll } from "../../support/mesh/session_pair.ts";
import { until, within } from "../../support/within.ts";

const MIB = 1024 * 1024;
const none = new Uint8Array(0);

/** Two ends over one connection. */
async function overTcp(use: (a: End, b: End) => Promise<void>): Promise<void> {
  const keys = newKeys();
  const { promise, resolve } = Promise.withResolvers<Link>();
  await using listener = await listenLinks({ onLink: resolve });
  const dialled = await dialLink(listener.address);
  const a = new End(dialled, { keys, isInitiator: true, clock: systemClock });
  // Who listens knows a link by its first byte, which is that of a short message.
  const first = a.session.ask(none);
  const b = new End(await promise, { keys, isInitiator: false, clock: systemClock });
  await first;
  try {
    await use(a, b);
  } finally {
    a.session.close();
    await within("both ends are over", Promise.all([a.session.closed, b.session.closed]));
  }
  deepEqual([a.ends.length, b.ends.length], [1, 1]);
}

const isSame = (one: Uint8Array, other: Uint8Array) =>
  one.byteLength === other.byteLength && one.every((byte, i) => byte === other[i]);

async function begin(a: End, b: End): Promise<[MeshStream, MeshStream]> {
  const asked = a.session.open(none);
  const { stream } = await b.next();
  stream.sender.head(FrameType.head, none);
  return [asked, stream];
}

Deno.test("many megabytes go both ways at once, byte for byte", async () => {
  await overTcp(async (a, b) => {
    const [there, back] = [patterned(24 * MIB, 1), patterned(24 * MIB, 2)];
    const [asked, answering] = await begin(a, b);
    const [gotThere, gotBack] = await within(
      "all has come",
      Promise.all([
        bodyOf(answering),
        bodyOf(asked),
        sendAll(asked, there, 100_000),
        sendAll(answering, back, 300_000),
      ]),
    );
    ok(isSame(gotThere, there) && isSame(gotBack, back));
  });
});

Deno.test("64 streams at once all arrive", async () => {
  await overTcp(async (a, b) => {
    b.onStream = ({ stream, head }) => {
      stream.sender.head(FrameType.head, head);
      void bodyOf(stream).then((body) => sendAll(stream, body));
    };
    await within(
      "all have come back",
      Promise.all(Array.from({ length: 64 }, async (_, i) => {
        const stream = a.session.open(Uint8Array.of(i));
        const body = patterned(200_000 + i, i);
        const [got] = await Promise.all([bodyOf(stream), sendAll(stream, body)]);
        ok(isSame(got, body));
      })),
    );
  });
});

Deno.test("a thousand readers that stand still hold up neither another stream nor small calls", async () => {
  await overTcp(async (a, b) => {
    const stalled = Array.from({ length: 1000 }, () => {
      const stream = a.session.open(none);
      void sendAll(stream, new Uint8Array(2 * meshLimits.streamWindowBytes), meshLimits.streamWindowBytes);
      return stream;
    });
    await until("all have begun", () => b.begun.length === 1000);
    for (let i = 0; i < 1000; i++) await b.next();
    const [asked, answering] = await begin(a, b);
    const body = patterned(8 * MIB);
    const [got] = await within("the one that is read comes", Promise.all([bodyOf(answering), sendAll(asked, body)]));
    ok(isSame(got, body));
    deepEqual(await a.session.ask(Uint8Array.of(5)), Uint8Array.of(5));
    asked.cancel();
    for (const stream of stalled) stream.cancel();
    await quiet({ a, b });
    equal(a.session.load + b.session.load, 0);
  });
});

Deno.test("all of a session fails when its connection breaks in the middle of much", cutShort, async () => {
  await overTcp(async (a, b) => {
    const [asked, answering] = await begin(a, b);
    const heads = Array.from({ length: 50 }, () => headOf(a.session.open(none)));
    const sending = sendAll(asked, new Uint8Array(64 * MIB));
    ok(await answering.read());
    const isClosed = (error: unknown) => error instanceof MeshError && error.code === "closed";
    const failures = [...heads, bodyOf(answering), bodyOf(asked)].map((promise) => rejects(promise, isClosed));
    b.link.destroy();
    b.session.destroy(new MeshError("closed", "killed"));
    await within("all fail", Promise.all(failures));
    equal(await sending, false);
  });
});
