/** When a certificate is renewed, how long an authority may tell us to wait, and what is made of what it says. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { AcmeError, adviceFor, problemIn, typeOf, wordsOf } from "../../../src/gateway/tls/acme_error.ts";
import { retryAfterMs } from "../../../src/gateway/tls/acme_exchange.ts";
import { renewalTime } from "../../../src/gateway/tls/renewal.ts";
import { randomFrom } from "../../support/random.ts";

const DAY_MS = 24 * 3_600_000;

Deno.test("a renewal is early by a part of the time that is left, and never late", () => {
  const life = { from: 0, until: 90 * DAY_MS };
  equal(renewalTime(life, 30 * DAY_MS, () => 0), 60 * DAY_MS);
  equal(renewalTime(life, 30 * DAY_MS, () => 0.5), 56.25 * DAY_MS);
  const numbers = randomFrom(1);
  const random = () => numbers(1000) / 1000;
  const times = Array.from({ length: 1000 }, () => renewalTime(life, 30 * DAY_MS, random));
  ok(times.every((time) => time > 52.5 * DAY_MS && time <= 60 * DAY_MS));
  ok(Math.max(...times) - Math.min(...times) > 7 * DAY_MS, "they are spread");
});

Deno.test("a certificate whose life is shorter than the time before its renewal is not renewed at once", () => {
  const life = { from: 0, until: 6 * DAY_MS };
  equal(renewalTime(life, 30 * DAY_MS, () => 0), 3.6 * DAY_MS);
  ok(renewalTime(life, 30 * DAY_MS, () => 1) >= 3 * DAY_MS);
});

Deno.test("Retry-After is a number of seconds or a date, and believed for a week", () => {
  const now = Date.UTC(2026, 0, 1);
  const cases: [string | null, number][] = [
    [null, 0],
    ["30", 30_000],
    ["0", 0],
    ["-5", 0],
    ["soon", 0],
    ["9999999999999999", 7 * DAY_MS],
    [new Date(now + 60_000).toUTCString(), 60_000],
    [new Date(now - 60_000).toUTCString(), 0],
  ];
  deepEqual(cases.map(([value]) => retryAfterMs(value, now)), cases.map(([, ms]) => ms));
});

Deno.test("what an authority says is told with its parts, whatever it is", () => {
  const detail = "Error finalizing order";
  const parts = [{ type: "urn:ietf:params:acme:error:caa", detail: "CAA for a.example" }, { detail: 7 }];
  equal(wordsOf({ detail, subproblems: parts }), "Error finalizing order; CAA for a.example; no reason given");
  equal(typeOf(parts[0]), "caa");
  for (const text of ["", "<html>", "null", "7", "[]"]) equal(wordsOf(problemIn(text)), "no reason given");
});

Deno.test("advice is there for what an operator can do something about", () => {
  const advice = (type: string) => adviceFor(new AcmeError("no", { type }));
  ok(["unreachable", "rateLimited", "caa", "dns", "connection", "unauthorized"].every(advice));
  deepEqual([advice("other"), adviceFor(new Error())], [undefined, undefined]);
});
