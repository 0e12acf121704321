/** Random operations on a store and on a plain model of it: bytes, heads and refusals are the same after each batch. */

import { deepEqual, equal } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { CreateOptions } from "../../../src/loom/stream_store.ts";
import { type Kind, openStore, readStream, type TestStore } from "../../support/loom.ts";
import { type Random, randomFrom } from "../../support/random.ts";
import { type Outcome, StreamModel } from "../../support/stream_model.ts";

const IDS = ["a", "b", "c/1", "c/2", "d"];

/** What one run does. */
interface Plan {
  readonly batches: number;
  /** Sizes that appends have at most; one is picked for each batch. */
  readonly sizes: readonly number[];
  readonly keepBytes?: number;
  /** The store is closed, or crashes, after one batch of so many. */
  readonly againIn: number;
}

/** Most appends are small and lie in the journal; what is larger than 256 KiB goes to blocks at once. */
const mixed: Plan = { batches: 40, sizes: [10, 10, 1000, 40_000, 300_000, 700_000], againIn: 6 };
const trimmed: Plan = { ...mixed, keepBytes: 500_000 };
const tiny: Plan = { batches: 100, sizes: [3, 10, 30], againIn: 12 };
/** So much in the journal that checkpoints run beside the commits. */
const busy: Plan = { batches: 300, sizes: [100_000], keepBytes: 300_000, againIn: 300 };

const runs: [Kind, Plan, string][] = [
  ["memory", mixed, "mixed"],
  ["memory", trimmed, "trimmed"],
  ["closed", mixed, "mixed"],
  ["closed", trimmed, "trimmed"],
  ["closed", tiny, "tiny"],
  ["closed", busy, "busy"],
  ["crashed", mixed, "mixed"],
  ["crashed", trimmed, "trimmed"],
  ["crashed", tiny, "tiny"],
];

for (const [i, [kind, plan, name]] of runs.entries()) {
  const seed = 100 + i;
  Deno.test(`a store is as its model after random operations [${kind}, ${name}, seed ${seed}]`, async () => {
    await using tested = await openStore(kind, { keepBytes: plan.keepBytes });
    await new Walk(tested, plan, randomFrom(seed)).run();
    deepEqual(tested.complaints, []);
  });
}

/** One run. */
class Walk {
  readonly #tested: TestStore;
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #model = new StreamModel();
  #size = 1;

  constructor(tested: TestStore, plan: Plan, random: Random) {
    this.#tested = tested;
    this.#plan = plan;
    this.#random = random;
  }

  async run(): Promise<void> {
    for (let batch = 0; batch < this.#plan.batches; batch++) {
      this.#size = this.#pick(this.#plan.sizes);
      this.#tested.now += this.#random(3);
      if (this.#random(2) === 0) await this.#create();
      const appends = Array.from({ length: this.#random(12) }, () => this.#append());
      await Promise.all([...appends, this.#random(3) === 0 && this.#delete()]);
      if (this.#plan.keepBytes !== undefined && this.#random(4) === 0) await this.#expire(this.#plan.keepBytes);
      await this.#compare(`batch ${batch}`);
      if (this.#random(this.#plan.againIn) > 0 && batch + 1 < this.#plan.batches) continue;
      await this.#tested.again();
      await this.#compare(`again after batch ${batch}`);
    }
  }

  /** Makes a stream, or a fork of one. */
  async #create(): Promise<void> {
    const id = this.#pick(IDS);
    const bytes = this.#bytes();
    const from = this.#pick(IDS);
    const at = this.#random((this.#model.streams.get(from)?.bytes.byteLength ?? 0) + 1);
    const fork = this.#random(3) === 0 ? { from, at } : undefined;
    // Without force, one that is there must not look as if it had been made the same way.
    const options = { force: this.#random(4) === 0, fork, contentType: "text/x" };
    const expected = this.#model.create(id, bytes, options);
    const create = (more: CreateOptions) => this.#tested.store.create(id, { ...options, bytes, ...more });
    if (expected === "exists") return await this.#expect(expected, create({ metadata: "another" }));
    await this.#expect(expected, create({}));
  }

  async #delete(): Promise<void> {
    const id = this.#pick(IDS);
    const expected = this.#model.delete(id);
    const deleting = this.#tested.store.delete(id);
    if (typeof expected === "boolean") equal(await deleting, expected);
    else await this.#expect(expected, deleting);
  }

  /** Appends. What is asked for in one batch is done in that order. */
  async #append(): Promise<void> {
    const id = this.#pick(IDS);
    const end = this.#random(60) === 0 ? "closed" : undefined;
    const bytes = this.#bytes();
    await this.#expect(this.#model.append(id, bytes, end), this.#tested.store.append(id, bytes, { end }));
  }

  async #expire(keepBytes: number): Promise<void> {
    await this.#tested.store.expire();
    this.#model.expire(keepBytes);
  }

  async #expect(expected: Outcome, doing: Promise<unknown>): Promise<void> {
    equal(await doing.then(() => undefined, (error) => error.code ?? error), expected);
  }

  async #compare(when: string): Promise<void> {
    const { store } = this.#tested;
    const visible = [...this.#model.streams].filter(([, { hidden }]) => !hidden);
    deepEqual(store.list().streams.map(({ id }) => id), visible.map(([id]) => id).sort(), when);
    for (const [id, { bytes, start, end }] of visible) {
      const head = store.head(id)!;
      deepEqual([head.tail, head.start, head.end], [bytes.byteLength, start, end], `${id}, ${when}`);
      const read = await readStream(store, id, start, 1 + this.#random(400_000));
      equal(Buffer.compare(read, bytes.subarray(start)), 0, `bytes of ${id}, ${when}`);
      if (bytes.byteLength === start) continue;
      const from = start + this.#random(bytes.byteLength - start);
      const piece = await store.read(id, from, 1 + this.#random(50_000));
      equal(Buffer.compare(piece.bytes, bytes.subarray(from, piece.next)), 0, `${id} from ${from}, ${when}`);
    }
  }

  #bytes(): Uint8Array<ArrayBuffer> {
    const [factor, first] = [1 + this.#random(250), this.#random(256)];
    return new Uint8Array(1 + this.#random(this.#size)).map((_, i) => first + factor * i + (i >> 9));
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)];
  }
}
