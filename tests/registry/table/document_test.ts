import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { checkId, checkPort, readService } from "../../../src/registry/table/document.ts";

const plain = { id: "s", role: "web", port: 3000 };

function read(more: Record<string, unknown> = {}): unknown {
  return readService({ ...plain, ...more }, "10.0.0.9");
}

Deno.test("a service is read with its metadata, and the host it came from if it names none", () => {
  deepEqual(read(), { ...plain, host: "10.0.0.9" });
  deepEqual(read({ host: null, version: null }), { ...plain, host: "10.0.0.9" });
  deepEqual(read({ host: "fe80::1%eth0", version: "v1.2.3+b", zone: { rack: [1, null, "x"] }, constructor: 1 }), {
    ...plain,
    host: "fe80::1%eth0",
    version: "1.2.3+b",
    zone: { rack: [1, null, "x"] },
    constructor: 1,
  });
});

Deno.test("nobody says of itself that it is awaited", () => {
  equal((read({ awaiting: true }) as Record<string, unknown>).awaiting, undefined);
});

Deno.test("what is no object, or lacks what a service has, is refused", () => {
  for (const input of [null, undefined, 7, "web", [], [plain], {}]) throws(() => readService(input, "h"), TypeError);
  for (const name of ["id", "role"]) throws(() => read({ [name]: undefined }), TypeError, name);
  throws(() => read({ port: undefined }), RangeError);
});

Deno.test("fields of a wrong kind or form are refused", () => {
  for (const port of [0, -1, 65536, 1.5, NaN, Infinity, "3000", null, true, [80]]) {
    throws(() => checkPort(port), RangeError, String(port));
  }
  for (const id of ["", "a b", "a/b", "a?b", "a#b", "a%b", "ä", "a\n", "\ud800", 7, null, {}, "x".repeat(257)]) {
    throws(() => checkId(id), TypeError, JSON.stringify(id));
  }
  for (const host of ["", "a b", "a/b", "a\r\nb", "http://h", 7, {}, "x".repeat(257)]) {
    throws(() => read({ host }), TypeError, JSON.stringify(host));
  }
  for (const version of ["", "1", "latest", 1, {}]) throws(() => read({ version }), TypeError, JSON.stringify(version));
  for (const role of ["a b", "a@1.0.0", "", 7, ["web"]]) throws(() => read({ role }), TypeError, JSON.stringify(role));
  for (const everyMs of [0, 499, 24 * 3600 * 1000 + 1, 2 ** 40, 500.5, "500", null]) {
    throws(() => read({ check: { tcp: true, everyMs } }), TypeError, String(everyMs));
  }
  equal(checkId("a-Z_0.~:@+"), "a-Z_0.~:@+");
});

Deno.test("a name that changes what an object is can't be metadata, and harms nothing inside of it", () => {
  throws(
    () => readService(JSON.parse('{"id":"s","role":"web","port":1,"__proto__":{"isAdmin":true}}'), "h"),
    TypeError,
  );
  const nested = readService(JSON.parse('{"id":"s","role":"web","port":1,"in":{"__proto__":{"isAdmin":true}}}'), "h");
  equal(JSON.stringify(nested.in), '{"__proto__":{"isAdmin":true}}');
  equal(({} as Record<string, unknown>).isAdmin, undefined);
});

Deno.test("metadata has bounds of depth and length, which are found without going deeper", () => {
  const nest = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  ok(read({ deep: nest(limits.registryMetadataDepth - 1) }));
  throws(() => read({ deep: nest(limits.registryMetadataDepth) }), RangeError);
  throws(() => read({ deep: nest(5000) }), RangeError);
  const length = limits.registryMetadataChars - '{"long":""}'.length;
  ok(read({ long: "x".repeat(length) }));
  throws(() => read({ long: "x".repeat(length + 1) }), RangeError);
  throws(() => read({ long: "\u0001".repeat(length / 2) }), RangeError);
});

Deno.test("half a character in metadata survives as JSON", () => {
  const { half } = readService({ ...plain, half: "\ud800" }, "h");
  equal(JSON.parse(JSON.stringify(half)), "\ud800");
});

Deno.test("what is refused is told shortly", () => {
  throws(() => checkId("x".repeat(1_000_000)), ({ message }: Error) => message.length < 300);
  throws(() => read({ role: "x".repeat(1_000_000) }), ({ message }: Error) => message.length < 300);
  throws(() => read({ version: "x".repeat(1_000_000) }), ({ message }: Error) => message.length < 300);
});
