/** Requests that wait for a place, as the operator sees them. */

import { equal } from "node:assert/strict";
import { seen } from "../support/ask.ts";
import { QUIET, startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/within.ts";

const TEXT = `${QUIET}admin = { listen = "127.0.0.1:0" }
[[routes]]
path = "/run"
maxConcurrency = 1
command = ["sleep", "1000"]
[[routes]]
path = "/pipe"
maxConcurrency = 1
run = ["slow.sh", "cat"]
[[routes]]
path = "/proxy"
maxConcurrency = 1
upstream = "UPSTREAM"
`;

/** How many wait at a route. */
async function waiting({ admin }: TestGateway, route: string): Promise<number | undefined> {
  const { body } = await seen(`${admin}/metrics`);
  const line = (body as string).split("\n").find((line) =>
    line.startsWith(`sluice_requests_waiting{route="${route}"}`)
  );
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ")));
}

Deno.test("requests that wait are counted by route, and no more when their clients leave", async () => {
  const upstream = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ signal }) => {
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Response())));
  });
  await using server = await startGateway(TEXT.replace("UPSTREAM", `http://127.0.0.1:${upstream.addr.port}`), {
    files: { "slow.sh": "sleep 1000" },
  });
  for (const path of ["/run", "/pipe", "/proxy"]) {
    const route = `* ${path}`;
    equal(await waiting(server, route), undefined, path);
    const leaving = Array.from({ length: 3 }, () => new AbortController());
    const asked = leaving.map(({ signal }) => fetch(server.url + path, { signal }).catch(() => {/* it left */}));
    await until(`two wait at ${path}`, async () => await waiting(server, route) === 2);
    for (const controller of leaving) controller.abort();
    await Promise.all(asked);
    await until(`nobody waits at ${path}`, async () => await waiting(server, route) === 0);
  }
  await server.gateway.close();
  await upstream.shutdown();
});
