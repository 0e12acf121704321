import { deepEqual, ok } from "node:assert/strict";
import { serveHttp } from "../../../src/http/node_server.ts";
import { type Loom, openLoom, openMemoryLoom } from "../../../src/loom/open_loom.ts";
import { runSuite } from "./conformance/suite.ts";

const longPollMs = 500;
/** As many as version 0.3.6 has: a suite that ran only half of itself must not look like a success. */
const CASES = 338;

Deno.test("streams on disk pass every case of the public Durable Streams conformance suite", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sluice-conformance-store-" });
  try {
    await using loom = await openLoom({ dir, longPollMs });
    await conform(loom);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("streams in memory pass it too", async () => {
  await using loom = await openMemoryLoom({ longPollMs });
  await conform(loom);
});

async function conform(loom: Loom): Promise<void> {
  const server = await serveHttp(loom.fetch, { hostname: "127.0.0.1", port: 0 });
  try {
    const url = `http://127.0.0.1:${server.port}`;
    const report = await runSuite(url, { longPollTimeoutMs: longPollMs, subscriptions: true });
    console.log(`Durable Streams conformance: ${report.passed} passed, ${report.failed} failed`);
    deepEqual(report.failures, []);
    ok(report.passed >= CASES && report.skipped === 0, `${report.passed} passed, ${report.skipped} were skipped`);
  } finally {
    await server.close(0);
  }
}
