/** The store by itself: how long it takes to open, and what an append costs at the end of a long stream. */

import { openLoom } from "../../src/loom/open_loom.ts";
import { run } from "./processes.ts";
import type { BenchOptions } from "./serve.ts";
import { median } from "./table.ts";

/** How long a store of many streams takes to open. */
export interface Opening {
  readonly streams: number;
  readonly seconds: number;
}

/** Appends per second, by the bytes that the stream had before. */
export type Flatness = ReadonlyMap<number, number>;

const APPENDS_TOGETHER = 32;
const APPENDS = 4000;
const ROUNDS = 5;
const FILL_BYTES = 8 * 2 ** 20;

/** Makes many streams, and opens the store again, in a process of its own. */
export async function measureOpening({ dir, quick, signal }: BenchOptions): Promise<Opening> {
  const streams = quick ? 10_000 : 100_000;
  const data = await Deno.makeTempDir({ dir });
  {
    await using loom = await openLoom({ dir: data });
    for (let i = 0; i < streams; i += 1000) {
      const some = Array.from(
        { length: 1000 },
        (_, j) => loom.create(`streams/${i + j}`, { bytes: new Uint8Array(100) }),
      );
      await Promise.all(some);
    }
  }
  const script = new URL("./loom_open.ts", import.meta.url).pathname;
  const printed = await run([Deno.execPath(), "run", "-A", script, data], signal);
  return { streams, seconds: Number(printed) / 1000 };
}

/** Appends at the end of a stream that grows. */
export async function measureFlatness({ dir, quick, signal }: BenchOptions): Promise<Flatness> {
  const data = await Deno.makeTempDir({ dir });
  const sizes = [2 ** 10, 2 ** 20, 2 ** 27, ...quick ? [] : [2 ** 30, 10 * 2 ** 30]];
  const rates = new Map<number, number>();
  await using loom = await openLoom({ dir: data });
  await loom.create("long", { contentType: "application/octet-stream" });
  await appendSome(APPENDS, "warm"); // before the first size is measured
  for (const size of sizes) {
    for (let tail = loom.head("long")!.tail; tail < size; tail = loom.head("long")!.tail) {
      signal.throwIfAborted();
      await loom.append("long", new Uint8Array(Math.min(FILL_BYTES, size - tail)));
    }
    const rounds: number[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await appendSome(APPENDS, "long"));
    rates.set(size, median(rounds));
  }
  return rates;

  async function appendSome(count: number, id: string): Promise<number> {
    if (!loom.head(id)) await loom.create(id);
    const bytes = new Uint8Array(100);
    const began = performance.now();
    await Promise.all(Array.from({ length: APPENDS_TOGETHER }, async () => {
      for (let i = 0; i < count / APPENDS_TOGETHER; i++) await loom.append(id, bytes);
    }));
    return count / (performance.now() - began) * 1000;
  }
}
