/** How long a provider is taken to need. */

import { equal, ok } from "node:assert/strict";
import { PeakEwma } from "../../../src/mesh/choose/latency.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";

Deno.test("a rise counts at once, and a fall by the time since the last sample", () => {
  const latency = new PeakEwma(10, 0);
  latency.observe(200, 10);
  equal(latency.at(10), 200);
  latency.observe(10, 11);
  ok(latency.at(11) > 199, "one quick answer right behind a slow one says little");
  latency.observe(10, 11 + meshLimits.latencyDecayMs);
  ok(latency.at(11 + meshLimits.latencyDecayMs) < 90, "and one after a while much");
});

Deno.test("samples that stay the same are what it comes to", () => {
  const latency = new PeakEwma(500, 0);
  for (let ms = 0; ms < 10 * meshLimits.latencyDecayMs; ms += 50) latency.observe(5, ms);
  const last = 10 * meshLimits.latencyDecayMs - 50;
  ok(Math.abs(latency.at(last) - 5) < 0.1, String(latency.at(last)));
});

Deno.test("without samples it sinks, but is known still, and never becomes nothing", () => {
  const latency = new PeakEwma(10, 0);
  latency.observe(200, 0);
  ok(Math.abs(latency.at(meshLimits.latencyDecayMs) - 200 / Math.E) < 0.01);
  equal(latency.lastMs, 200);
  equal(latency.at(1e9), meshLimits.latencyLeastMs);
  latency.hold(1e9);
  equal(latency.at(1e9), 200);
});

Deno.test("a clock that stands still, and answers in no time, do no harm", () => {
  const latency = new PeakEwma(0, 5);
  latency.observe(0, 5);
  latency.observe(0, 5);
  equal(latency.at(4), meshLimits.latencyLeastMs);
  latency.observe(3, 5);
  equal(latency.at(5), 3);
});
