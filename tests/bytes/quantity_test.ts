import { deepEqual, equal } from "node:assert/strict";
import { BYTES_PATTERN, DURATION_PATTERN, parseBytes, parseDuration } from "../../src/bytes/quantity.ts";

const sizes: Readonly<Record<string, number | undefined>> = {
  "0": 0,
  "4096": 4096,
  "512k": 512 * 1024,
  "10m": 10 * 1024 ** 2,
  "2G": 2 * 1024 ** 3,
  "1kB": 1024,
  "1MiB": 1024 ** 2,
  "": undefined,
  "10 m": undefined,
  "-1": undefined,
  "1.5m": undefined,
  "1t": undefined,
  "m": undefined,
};

const times: Readonly<Record<string, number | undefined>> = {
  "500ms": 500,
  "90s": 90_000,
  "5m": 300_000,
  "12H": 43_200_000,
  "7d": 604_800_000,
  "0s": 0,
  "": undefined,
  "5": undefined,
  "1.5s": undefined,
  "1m30s": undefined,
  " 5s": undefined,
};

Deno.test("parseBytes() reads sizes with and without a unit, and nothing else", () => {
  for (const [text, bytes] of Object.entries(sizes)) equal(parseBytes(text), bytes, text);
});

Deno.test("parseDuration() reads times with their unit, and nothing else", () => {
  for (const [text, ms] of Object.entries(times)) equal(parseDuration(text), ms, text);
});

Deno.test("the patterns for schemas take what is read, and nothing else", () => {
  const taken = (pattern: string, texts: object) => Object.keys(texts).filter((text) => new RegExp(pattern).test(text));
  const read = (texts: object) =>
    Object.entries(texts).filter(([, value]) => value !== undefined).map(([text]) => text);
  deepEqual(taken(BYTES_PATTERN, sizes), read(sizes));
  deepEqual(taken(DURATION_PATTERN, times), read(times));
});
