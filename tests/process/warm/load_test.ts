/** 2,000 requests in each language, 64 at a time over HTTP: all answers are right, and nothing of them stays. */

import { deepEqual, ok } from "node:assert/strict";
import { program } from "../../../mod.ts";
import { makeFolder } from "../../support/folder.ts";
import { listen } from "../../support/in_process.ts";
import { heldBytes } from "../../support/memory.ts";
import { processState } from "../../support/proc.ts";
import { childrenOf, settledDescriptors } from "../../support/processes.ts";
import { RawClient } from "../../support/raw_client.ts";
import { type PerLanguage, warmLanguages } from "../../support/warm_programs.ts";
import { until } from "../../support/within.ts";

const REQUESTS = 2000;
const WARM_UP = 500;
const CLIENTS = 64;

const MiB = 1024 * 1024;
/** What a server may hold more afterwards: code that was compiled meanwhile, and the figures of this test. */
const HELD_BYTES_MAX = 4 * MiB;
/** Its garbage collector takes what it likes between two collections. */
const SERVER_BYTES_MAX = 96 * MiB;
/** Descriptors of what has just begun or ended: a leak of one in a hundred requests is more. */
const DESCRIPTORS_MAX = 20;
/** A parent has no reason to grow at all, but for its books of children. */
const PARENT_BYTES_MAX = 2 * MiB;

/** Each answers with the number it was given, its process's id, and that of its parent. */
const echoes: PerLanguage = {
  python: "import os\nprint(service.params['n'], os.getpid(), os.getppid())",
  ruby: 'puts "#{service.params["n"]} #{Process.pid} #{Process.ppid}"',
  perl: 'print "$service->{params}{n} $$ ", getppid, "\\n";',
  php: '<?php echo "{$service->params["n"]} ", getmypid(), " ", posix_getppid(), "\\n";',
};

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly processes: Set<number>;
  readonly parents: Set<number>;
}

/** Asks so many times, each client one after the other, and checks each answer. */
async function load(clients: readonly RawClient[], requests: number): Promise<Figures> {
  let asked = 0;
  const times: number[] = [];
  const [processes, parents] = [new Set<number>(), new Set<number>()];
  const began = performance.now();
  await Promise.all(clients.map(async (client) => {
    while (asked < requests) {
      const n = ++asked;
      const start = performance.now();
      await client.send(`GET /?n=${n} HTTP/1.1\r\nHost: x\r\n\r\n`);
      const head = await client.head();
      const [number, pid, parent] = (await client.body(head)).split(" ").map(Number);
      times.push(performance.now() - start);
      deepEqual([head.status, number], [200, n]);
      processes.add(pid);
      parents.add(parent);
    }
  }));
  const seconds = (performance.now() - began) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)];
  return { perSecond: requests / seconds, p50Ms: at(0.5), p99Ms: at(0.99), processes, parents };
}

/** What a process holds. */
async function measure(pid: number): Promise<{ descriptors: number; rssBytes: number }> {
  const rssKib = () => Number(/^VmRSS:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]);
  return { descriptors: await settledDescriptors(pid), rssBytes: rssKib() * 1024 };
}

const dead = (pid: number) => childrenOf(pid).filter((child) => processState(child) === "Z");

for (const language of warmLanguages) {
  Deno.test(`${language}: 2,000 requests, 64 at a time, are answered right and leave nothing`, async () => {
    const deadBefore = dead(Deno.pid).length; // other tests run in this process too
    await using folder = await makeFolder({ script: echoes[language]! });
    // Without the records that other tests keep of each request: what is held afterwards must not be theirs.
    await using handler = program({ file: folder.file("script"), language, timeoutMs: 60_000, warm: 8 });
    await handler.prepare();
    deepEqual(handler.warm, { kind: "ready" });
    await using server = await listen(handler, { onAccess: () => {} });
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.connect(server.url)));
    try {
      const [parent] = (await load(clients, WARM_UP)).parents;
      const before = { held: heldBytes(), server: await measure(Deno.pid), parent: await measure(parent) };
      const { perSecond, p50Ms, p99Ms, processes, parents } = await load(clients, REQUESTS);
      const after = { held: heldBytes(), server: await measure(Deno.pid), parent: await measure(parent) };

      const grown = {
        held: after.held - before.held,
        server: after.server.rssBytes - before.server.rssBytes,
        parent: after.parent.rssBytes - before.parent.rssBytes,
      };
      const inMiB = (bytes: number) => `${(bytes / MiB).toFixed(1)} MiB`;
      console.log(
        `${language}: ${perSecond.toFixed(0)} requests/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms; ` +
          `server ${inMiB(after.server.rssBytes)} (${inMiB(grown.server)} more, ${inMiB(grown.held)} of it held), ` +
          `parent ${inMiB(after.parent.rssBytes)} (${inMiB(grown.parent)} more)`,
      );
      deepEqual([...parents], [parent], "not all were served by the one parent");
      ok(processes.size > REQUESTS * 0.99, `${processes.size} processes for ${REQUESTS} requests`); // numbers come again
      for (const who of ["server", "parent"] as const) {
        const more = after[who].descriptors - before[who].descriptors;
        ok(more < DESCRIPTORS_MAX, `the ${who} has ${more} descriptors more`);
      }
      await until("no child is left a zombie", () => dead(Deno.pid).length + dead(parent).length <= deadBefore, 2000);
      ok(grown.held < HELD_BYTES_MAX, `the server holds ${inMiB(grown.held)} more`);
      ok(grown.server < SERVER_BYTES_MAX, `the server has grown by ${inMiB(grown.server)}`);
      ok(grown.parent < PARENT_BYTES_MAX, `the parent has grown by ${inMiB(grown.parent)}`);
    } finally {
      for (const client of clients) client[Symbol.dispose]();
    }
  });
}
