/** Packets of flatend as bytes: what is written is read, and garbage is refused by one kind of error. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, MalformedError } from "../../../src/bytes/byte_reader.ts";
import { FrameReader } from "../../../src/mesh/flatend/frame_reader.ts";
import { isUnspecified, unmapped } from "../../../src/mesh/flatend/flatend_id.ts";
import {
  DATA_BYTES,
  type Packet,
  readFound,
  readHandshake,
  readPacket,
  signedBytes,
  writeFound,
  writeHandshake,
  writePacket,
} from "../../../src/mesh/flatend/packets.ts";
import { flatendLimits } from "../../../src/mesh/flatend/limits.ts";

const bytes = (minLength: number, maxLength = minLength) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => new Uint8Array(array));
const stream = fc.nat({ max: 0xffffffff });
const name = fc.string({ unit: "grapheme", maxLength: 20 });
const names = fc.array(name, { maxLength: 5 });
const fields = fc.array(fc.tuple(name, fc.string({ unit: "grapheme", maxLength: 300 })), { maxLength: 5 });
const id = fc.record({
  publicKey: bytes(32),
  host: fc.oneof(fc.ipV4(), fc.ipV6().map((host) => unmapped(new URL(`http://[${host}]`).hostname.slice(1, -1)))),
  port: fc.nat({ max: 65_535 }),
});
const handshake = fc.oneof(
  fc.record({ id, services: names, signature: bytes(64) }),
  fc.record({ id: fc.constant(undefined), services: names, signature: fc.constant(undefined) }),
);

const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({ type: fc.constant("handshake" as const), handshake }),
  fc.record({ type: fc.constant("request" as const), stream, services: names, fields }),
  fc.record({ type: fc.constant("response" as const), stream, handled: fc.boolean(), fields }),
  fc.record({ type: fc.constant("data" as const), stream, bytes: bytes(0, DATA_BYTES) }),
  fc.record({ type: fc.constant("find" as const), target: bytes(32) }),
);

/** Reads, or tells that it is malformed; nothing else may happen. */
function readOrRefuse(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    ok(error instanceof MalformedError, String(error));
  }
}

Deno.test("what is written is read", () => {
  fc.assert(
    fc.property(packet, (packet) => deepEqual(readPacket(writePacket(packet)), packet)),
    { numRuns: 1000 },
  );
});

Deno.test("replies are read as they were written", () => {
  fc.assert(fc.property(handshake, (handshake) => {
    deepEqual(readHandshake(new ByteReader(writeHandshake(handshake))), handshake);
  }));
  fc.assert(fc.property(fc.array(id, { maxLength: 16 }), (ids) => {
    deepEqual(readFound(new ByteReader(writeFound(ids))), ids);
  }));
});

Deno.test("garbage is refused, and so is what is cut or changed", () => {
  fc.assert(fc.property(bytes(0, 200), (garbage) => readOrRefuse(() => readPacket(garbage))), { numRuns: 10_000 });
  fc.assert(
    fc.property(packet, fc.nat(), fc.nat({ max: 255 }), (packet, at, byte) => {
      const written = writePacket(packet);
      throws(() => readPacket(written.slice(0, at % written.byteLength)), MalformedError);
      written[at % written.byteLength] = byte;
      readOrRefuse(() => readPacket(written));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a packet has no more header fields than are allowed", () => {
  const many = Array.from({ length: flatendLimits.fields + 1 }, () => ["a", "b"] as const);
  const packet = { type: "response", stream: 1, handled: true } as const;
  equal(readPacket(writePacket({ ...packet, fields: many.slice(1) })).type, "response");
  throws(() => readPacket(writePacket({ ...packet, fields: many })), MalformedError);
});

Deno.test("texts that are too long for their lengths are not written", () => {
  const packet = { type: "request", stream: 0, services: [] } as const;
  throws(() => writePacket({ ...packet, fields: [["a".repeat(256), ""]] }), RangeError);
  throws(() => writePacket({ ...packet, fields: [["a", "b".repeat(65_536)]] }), RangeError);
  const all = Array.from({ length: 65_536 }, () => ["a", "b"] as const);
  throws(() => writePacket({ ...packet, fields: all }), RangeError);
  throws(() => writePacket({ ...packet, fields: [], services: Array(256).fill("a") }), RangeError);
});

Deno.test("a node signs its id as it travels, and the names of its services one behind the other", () => {
  const id = { publicKey: new Uint8Array(32).fill(7), host: "192.0.2.1", port: 9000 };
  const own = [...Array(32).fill(7), 0, 192, 0, 2, 1, 0x23, 0x28];
  deepEqual([...signedBytes(id, ["ab", "c"])], [...own, 97, 98, 99]);
  const there = writeHandshake({ id, services: ["ab"], signature: new Uint8Array(64) });
  deepEqual([...there.subarray(0, 44)], [1, ...own, 1, 2, 97, 98]);
});

Deno.test("addresses that say no more than here are known as such", () => {
  deepEqual(["0.0.0.0", "::", "::1", "127.0.0.1", "1::"].map(isUnspecified), [true, true, false, false, false]);
  deepEqual(["::ffff:192.0.2.1", "::ffff:c000:201", "::1"].map(unmapped), ["192.0.2.1", "192.0.2.1", "::1"]);
});

Deno.test("frames are found wherever their bytes are cut", () => {
  fc.assert(fc.property(fc.array(bytes(21, 300), { maxLength: 6 }), fc.array(fc.nat({ max: 40 })), (frames, cuts) => {
    const all = frames.flatMap((frame) => [0, 0, frame.byteLength >> 8, frame.byteLength & 0xff, ...frame]);
    const reader = new FrameReader();
    const found: number[][] = [];
    for (let at = 0; at < all.length || cuts.length > 0;) {
      const length = cuts.shift() ?? all.length;
      for (const frame of reader.read(Uint8Array.from(all.slice(at, at + length)))) found.push([...frame]);
      at += length;
    }
    deepEqual(found, frames.map((frame) => [...frame]));
  }));
});

Deno.test("a frame that comes a byte at a time is found as any other", () => {
  const reader = new FrameReader();
  const length = 20_000;
  const bytes = [0, 0, length >> 8, length & 0xff, ...new Uint8Array(length)];
  const found = bytes.flatMap((byte) => [...reader.read(Uint8Array.of(byte))].map((frame) => frame.byteLength));
  deepEqual(found, [length]);
});
