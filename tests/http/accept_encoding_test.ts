/** Choosing a content coding by `Accept-Encoding`. */

import { equal } from "node:assert/strict";
import { chooseCoding } from "../../src/http/accept_encoding.ts";

Deno.test("a client gets the coding that it weighs most, and of equals the one that is best for us", () => {
  const choices: [field: string | null, coding: string | undefined][] = [
    [null, undefined],
    ["", undefined],
    ["gzip", "gzip"],
    ["GZIP", "gzip"],
    ["x-gzip", "gzip"],
    ["gzip, br", "br"],
    ["gzip;q=1.0, br;q=0.9", "gzip"],
    ["gzip;q=0.2,br;q=0.2", "br"],
    ["gzip ; q=0.5 , br ; q=0.4", "gzip"],
    ["*", "br"],
    ["*, br;q=0", "gzip"],
    ["*;q=0", undefined],
    ["gzip;q=0", undefined],
    ["gzip;q=0.000, *;q=0.001", "br"],
    ["deflate, zstd", undefined],
    ["identity", undefined],
    ["identity, gzip;q=0.5", undefined],
    ["identity;q=0.5, gzip;q=0.5", "gzip"],
    ["identity;q=0, gzip;q=0.1", "gzip"],
    ["identity;q=0", undefined],
    ["gzip;q=2, br;q=x", undefined],
    [",;,gzip,", "gzip"],
  ];
  for (const [field, coding] of choices) equal(chooseCoding(field, ["br", "gzip"]), coding, `${field}`);
});
