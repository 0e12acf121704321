/** Much that is asked for over HTTP: it is whole, and costs little for those who do not take it. */

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Hub } from "../../../src/registry/hub/hub.ts";
import { heldBytes } from "../../support/memory.ts";
import { RawClient } from "../../support/raw_client.ts";
import { startHub } from "../../support/registry_hub.ts";

const MB = 1_000_000;
const httpOf = (hub: Hub) => hub.url!.replace("ws", "http");

/** A hub with services of 16 MB. */
async function largeHub(): Promise<Hub> {
  const hub = await startHub();
  for (let i = 0; i < 1000; i++) await hub.register("web@1.0.0", { id: `w${i}`, port: 1, x: "x".repeat(16_000) });
  return hub;
}

/** Asks so many times and waits for the head of each answer; gives what that costs, in bytes. */
async function costOf(hub: Hub, count: number, targetOf: (i: number) => string): Promise<number> {
  const before = heldBytes();
  const clients: RawClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await RawClient.connect(httpOf(hub));
    clients.push(client);
    await client.send(`${targetOf(i)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    equal((await client.head()).status, 200);
  }
  const cost = heldBytes() - before;
  for (const client of clients) client[Symbol.dispose]();
  return cost;
}

Deno.test("a long answer and a long snapshot are whole", async () => {
  await using hub = await largeHub();
  deepEqual(await (await fetch(`${httpOf(hub)}/services`)).json(), hub.query());
  const head = await fetch(`${httpOf(hub)}/services`, { method: "HEAD" });
  ok(Number(head.headers.get("registry-index")) > 0);
  equal(await head.text(), "");
  const reader = (await fetch(`${httpOf(hub)}/services/watch`)).body!.pipeThrough(new TextDecoderStream()).getReader();
  const texts: string[] = [];
  while (!texts.at(-1)?.endsWith("\n\n")) texts.push((await reader.read()).value!);
  const [event, id, data] = texts.join("").split("\n");
  deepEqual([event, id], ["event: snapshot", `id: ${head.headers.get("registry-index")}`]);
  deepEqual(JSON.parse(data.slice("data: ".length)), hub.query());
  await reader.cancel();
});

for (
  const [what, targetOf] of [
    ["questions that differ", (i: number) => `HEAD /services?role=web@%3E=0.0.${i}`],
    ["answers that nobody takes", (i: number) => `GET /services?role=web@%3E=0.0.${i}`],
    ["snapshots that nobody takes", () => "GET /services/watch"],
  ] as const
) {
  Deno.test(`however long an answer is, ${what} cost a part of it each`, async () => {
    await using hub = await largeHub();
    const cost = await costOf(hub, 30, targetOf);
    ok(cost < 60 * MB, `${Math.round(cost / MB)} MB`);
  });
}
