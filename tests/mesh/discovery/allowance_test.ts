import { equal } from "node:assert/strict";
import { Allowance } from "../../../src/mesh/discovery/allowance.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";

const { recordsBrought, recordsBroughtPerSecond, recordBringers } = meshLimits;

Deno.test("a peer may bring many records at once, and then some each second", () => {
  const allowance = new Allowance();
  for (let i = 0; i < recordsBrought; i++) equal(allowance.take("a", 0), true);
  equal(allowance.take("a", 0), false);
  equal(allowance.take("b", 0), true);
  for (let i = 0; i < recordsBroughtPerSecond; i++) equal(allowance.take("a", 1000), true);
  equal(allowance.take("a", 1000), false);
  for (let i = 0; i < recordsBrought; i++) equal(allowance.take("a", 1e9), true);
  equal(allowance.take("a", 1e9), false);
});

Deno.test("whoever brought too much is remembered among any number of others that brought nothing lately", () => {
  const allowance = new Allowance();
  for (let i = 0; i < recordBringers - 1; i++) allowance.take(`early ${i}`, 0);
  for (let i = 0; i < recordsBrought; i++) allowance.take("greedy", 1000);
  for (let i = 0; i < recordBringers - 1; i++) allowance.take(`late ${i}`, 1000);
  equal(allowance.take("greedy", 1000), false);
});
