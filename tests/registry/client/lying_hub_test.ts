/** What a hub says that lies, or is broken: it harms nobody but itself, and a client goes on with the next hub. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { connectRegistry } from "../../../src/registry/connect_registry.ts";
import type { RegistryErrorCode } from "../../../src/registry/registry_error.ts";
import { greeting, startLyingHub } from "../../support/lying_hub.ts";
import { connect, next, startHub } from "../../support/registry_hub.ts";
import { until, within } from "../../support/within.ts";

/** All services at once. */
const all = (services: unknown) => [{ type: "rows", first: true, services }, { type: "synced", index: 1 }];
const web = (id: string, fields: Record<string, unknown> = {}) => ({ id, role: "web", host: "h", port: 1, ...fields });

const badGreetings: [name: string, greeting: Record<string, unknown> | string, code: RegistryErrorCode][] = [
  ["a heartbeat beyond all timers", { heartbeatMs: 1e12, timeoutMs: 1e13 }, "protocol"],
  ["a heartbeat that is text", { heartbeatMs: "15000" }, "protocol"],
  ["a heartbeat of no time", { heartbeatMs: 1 }, "protocol"],
  ["a timeout that never comes", JSON.stringify(greeting()).replace("45000", "1e999"), "protocol"],
  ["a timeout below the heartbeat", { timeoutMs: 15_000 }, "protocol"],
  ["an address that is none", { address: { a: 1 } }, "protocol"],
  ["a clock beyond all numbers", { time: 1e300 }, "clock"],
  ["a clock two hundred years ahead", { time: Date.now() + 2 * limits.registryClockMs }, "clock"],
];

for (const [name, greeting, code] of badGreetings) {
  Deno.test(`a hub with ${name} is refused, and the next one has the client`, async () => {
    await using liar = await startLyingHub({ greeting });
    await using hub = await startHub();
    await using client = connectRegistry([liar.url, hub.url!]);
    equal((await next(client, "reject")).code, code);
    await within("the other hub has it", client.register("web", { id: "a", port: 1 }));
    equal(hub.query("web").length, 1);
    deepEqual(liar.heard, []);
    await until("the connection is gone", () => liar.open === 0);
  });
}

Deno.test("what can be no service is left out, and all others are found", async () => {
  const bad = [
    ...[web("v", { version: "garbage" }), web("n", { version: 1 }), web("a b"), web("r", { role: "a b" })],
    ...[web("h", { host: undefined }), web("p", { port: "1" }), web("big", { version: "1.2." + "9".repeat(20) }), null],
  ];
  const good = [web("a", { version: "1.0.0" }), web("b", { version: "1.1.0-rc.1+x", awaiting: true })];
  await using liar = await startLyingHub({
    welcomed: (say) => {
      say([...all([...bad, ...good])]);
      say({
        type: "changes",
        index: 2,
        changes: [...bad, web("c", { version: "1.2.0" })].map((service) => ({ service })),
      });
    },
  });
  await using client = await connect(liar.url);
  deepEqual((await client.get("web@1.2.x")).map(({ id }) => id), ["c"]);
  deepEqual(client.query().map(({ id }) => id), ["c", "b", "a"]);
  equal(client.query("web@1.1.0-rc.1")[0].awaiting, true);
  equal(client.isConnected, true);
});

const badHubs: [name: string, hubs: unknown][] = [
  ["a file, a number and a password", ["file:///etc/passwd", 7, null, "http://a:b@c/"]],
  ["a text", "ws://127.0.0.1:1"],
  ["nothing", undefined],
];

for (const [name, hubs] of badHubs) {
  Deno.test(`a hub that names ${name} as other hubs keeps its client, on one connection`, async () => {
    await using liar = await startLyingHub({
      welcome: { hubs },
      welcomed: (say) => say([{ type: "hubs", urls: hubs }, ...all([web("a")])]),
    });
    await using client = await connect(liar.url);
    equal(client.query().length, 1);
    deepEqual([liar.connections, liar.open, client.isConnected], [1, 1, true]);
  });
}

Deno.test("a hub that tells of services without end is cut off", async () => {
  let told = 0;
  const many = () => Array.from({ length: 5000 }, () => web(`s${told++}`));
  const pieces = Math.ceil(limits.registryServicesSeen / 5000);
  await using unsynced = await startLyingHub({
    welcomed: (say) => {
      say({ type: "rows", first: true, services: [] });
      for (let i = 0; i <= pieces; i++) say({ type: "rows", services: many() });
    },
  });
  await using changing = await startLyingHub({
    welcomed: (say) => {
      for (let i = 0; i <= pieces; i++) {
        say({ type: "changes", index: i, changes: many().map((service) => ({ service })) });
      }
    },
  });
  for (const { url } of [unsynced, changing]) {
    await using client = connectRegistry(url);
    const { code, reason } = await next(client, "disconnect");
    deepEqual([code, reason], [1008, "limit"]);
  }
});

Deno.test("a hub that grants something and does not tell of it is not believed", async () => {
  for (const service of [undefined, 7, web("another"), { id: "a" }]) {
    await using liar = await startLyingHub({
      answer: ({ type, request }, say) => {
        if (type === "register") say({ type: "done", request, service });
      },
    });
    await using client = connectRegistry(liar.url);
    const ended = next(client, "disconnect");
    await rejects(client.register("web", { id: "a", port: 1 }), { code: "protocol" });
    equal((await ended).code, 1008);
  }
});

Deno.test("a grant in one frame with the welcome ends the connection as any other, if nobody can take it", async () => {
  await using liar = await startLyingHub({
    welcome: { hubs: [] },
    welcomed: (say) => say({ type: "done", request: 1 }),
  });
  await using client = connectRegistry(liar.url);
  await rejects(client.register("web", { id: "a", port: 1 }), { code: "protocol" });
  await until("there is at most one connection", () => liar.open <= 1);
});

Deno.test("what is not a client's own can't be lost", async () => {
  await using liar = await startLyingHub({ welcomed: (say) => say([{ type: "lost", id: "x" }, ...all([])]) });
  await using client = connectRegistry(liar.url);
  const events: string[] = [];
  for (const name of ["lost", "reject"] as const) client.addEventListener(name, () => events.push(name));
  await within("it has all services", client.synced());
  deepEqual(events, []);
});

Deno.test("a hub that refuses what we say is called ever more seldom", async () => {
  await using liar = await startLyingHub({ welcomed: (say) => say("{") });
  await using client = connectRegistry(liar.url);
  const times: number[] = [];
  client.addEventListener("disconnect", () => times.push(performance.now()));
  await until("it was called six times", () => times.length === 6);
  // At least 0.25 * 200 ms * (1 + 2 + 4 + 8 + 16): without growth it would be a second at the most.
  ok(times[5] - times[0] > 1500);
});
