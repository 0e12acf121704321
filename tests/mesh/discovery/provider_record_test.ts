import { deepEqual, equal, notDeepEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import { areSame } from "../../../src/mesh/discovery/peer.ts";
import { isSigned, lifeOf, readRecord, signRecord } from "../../../src/mesh/discovery/provider_record.ts";
import { isServiceName, isServiceVersion } from "../../../src/mesh/service_name.ts";
import { newIdentity, verifySignature } from "../../../src/mesh/identity.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { BEGIN, MINUTE, recordOf } from "./made.ts";

const signer = newIdentity();

Deno.test("a record is read as it was written, and its signature holds", () => {
  const name = fc.stringMatching(/^@?[A-Za-z0-9._\/-]{1,60}$/);
  const version = fc.constantFrom("", "1.2.3", "0.0.1-rc.1+build.5", "10.20.30");
  const relays = fc.array(fc.constant({ id: newIdentity().id, addresses: ["wss://relay.example/mesh"] }), {
    maxLength: 4,
  });
  const times = fc.record({ issuedMs: fc.nat(2 ** 45), sequence: fc.nat(2 ** 50), isWithdrawn: fc.boolean() });
  fc.assert(
    fc.property(name, version, relays, times, (service, version, relays, changes) => {
      const reach = { id: signer.id, addresses: ["tcp://192.0.2.1:9000", "ws://[2001:db8::1]:80/"], relays };
      const record = recordOf({ service, version, reach, ...changes }, signer);
      deepEqual(readRecord(record.bytes), record);
      equal(isSigned(record, verifySignature), true);
    }),
    { numRuns: 300 },
  );
});

Deno.test("any changed byte makes a record that is none, or that nobody signed", () => {
  const { bytes } = recordOf({}, signer);
  for (let at = 0; at < bytes.byteLength; at++) {
    for (const flip of [1, 0x80]) {
      const changed = bytes.slice();
      changed[at] ^= flip;
      equal(isGood(changed), false, `byte ${at}`);
    }
  }
  for (let length = 0; length < bytes.byteLength; length++) equal(isGood(bytes.slice(0, length)), false);
  equal(isGood(new Uint8Array([...bytes, 0])), false);
  equal(isGood(bytes), true);
});

Deno.test("a signature of one node is none of another, and none of other words", () => {
  const [mine, other] = [recordOf({}, signer), newIdentity()];
  const forged = { ...mine, provider: other.id };
  equal(isSigned(forged, verifySignature), false);
  const body = mine.bytes.subarray(0, -64);
  const bare = new Uint8Array([...body, ...signer.sign(body)]); // without what stands before it
  equal(isSigned(readRecord(bare), verifySignature), false);
  const theirs = recordOf({ reach: { ...mine.reach, id: other.id } }, other);
  equal(isSigned({ ...theirs, provider: signer.id }, verifySignature), false);
});

Deno.test("garbage is no record, and nothing worse", () => {
  const { bytes } = recordOf({}, signer);
  const garbage = fc.uint8Array({ maxLength: 600 });
  const spliced = fc.tuple(fc.nat(bytes.byteLength), garbage).map(([at, more]) => [...bytes.subarray(0, at), ...more]);
  fc.assert(
    fc.property(fc.oneof(garbage, spliced), (some) => {
      fc.pre(!areSame(new Uint8Array(some), bytes));
      equal(isGood(new Uint8Array(some)), false);
    }),
    { numRuns: 10_000 },
  );
});

Deno.test("records hold for two hours at most, and for some time at least", () => {
  for (const lifeMs of [0, -1, meshLimits.recordMsMost + 1]) {
    throws(() => readRecord(recordOf({ expiresMs: BEGIN + lifeMs }, signer).bytes), MalformedError);
  }
  for (const lifeMs of [1, meshLimits.recordMsMost]) readRecord(recordOf({ expiresMs: BEGIN + lifeMs }, signer).bytes);
});

Deno.test("how long a record holds depends on its age, as far as that can be", () => {
  const record = recordOf({}, signer);
  equal(lifeOf(record, [BEGIN]), 30 * MINUTE);
  equal(lifeOf(record, [BEGIN + 10 * MINUTE]), 20 * MINUTE);
  equal(lifeOf(record, [BEGIN + 30 * MINUTE]), "expired");
  equal(lifeOf(record, [BEGIN - 5 * MINUTE]), 30 * MINUTE);
  equal(lifeOf(record, [BEGIN - 5 * MINUTE - 1]), "future");
  equal(lifeOf(record, [BEGIN - 365 * 1440 * MINUTE, BEGIN + MINUTE]), 29 * MINUTE);
  equal(lifeOf(record, [BEGIN + 365 * 1440 * MINUTE, BEGIN - 365 * 1440 * MINUTE]), "expired");
});

Deno.test("names of services are those that other systems have, and leave the @ to versions", () => {
  for (const name of ["web", "hello_world", "@acme/web", "a", "v1.2", "a-b.c/d", "x".repeat(128)]) {
    equal(isServiceName(name), true, name);
  }
  for (const name of ["", "@", "a@b", "@a@b", "a b", "a\n", "ä", "a,b", "x".repeat(129), "a*", "\0"]) {
    equal(isServiceName(name), false, name);
  }
  for (const version of ["", "1.0.0", "1.2.3-rc.1", "1.2.3+b"]) equal(isServiceVersion(version), true, version);
  for (const version of ["1", "v1.0.0", "=1.0.0", " 1.0.0", "1.0.0 ", "1.x", "1.0.0-" + "a".repeat(64)]) {
    equal(isServiceVersion(version), false, version);
  }
});

Deno.test("what can't be told is refused when it is signed", () => {
  const record = recordOf({}, signer);
  throws(() => signRecord({ ...record, service: "a b" }, signer), /Cannot use "a b" as the name of a service/);
  throws(() => signRecord({ ...record, version: "1" }, signer), /Cannot use "1" as a version/);
  throws(() => signRecord(record, newIdentity()), /Cannot sign a record of another node/);
  const addresses = Array.from({ length: 8 }, (_, i) => `ws://a${i}.example/${"p".repeat(500)}`);
  const relays = Array.from({ length: 1 }, () => ({ id: signer.id, addresses }));
  throws(() => signRecord({ ...record, reach: { id: signer.id, addresses, relays } }, signer), RangeError);
  notDeepEqual(recordOf({ sequence: 2 }, signer).bytes, record.bytes);
});

function isGood(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    return isSigned(readRecord(bytes), verifySignature);
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}
