/** What is kept for followers: as much as they may need, and nothing that nobody does. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { limits } from "../../../src/limits.ts";
import { ChangeLog } from "../../../src/registry/hub/change_log.ts";
import { Catalog } from "../../../src/registry/table/catalog.ts";

/** A log, and a way to wait until followers are told of what came. */
function logOf(catalog: Catalog, size: number) {
  let wake = () => {};
  const log = new ChangeLog(catalog, { size, tell: () => wake() });
  return { log, told: () => new Promise<void>((resolve) => wake = resolve) };
}

const service = (id: string, x = "") => ({ id, role: "web", host: "h", port: 1, x });

Deno.test("however large changes are, the log is bounded, and who is further behind begins anew", async () => {
  const catalog = new Catalog();
  const { log, told } = logOf(catalog, 1);
  using _ = log;
  const x = "x".repeat(limits.registryMetadataChars);
  let chars = 0;
  for (let round = 0; round < 4; round++) {
    const telling = told();
    for (let i = 0; i < 1000; i++, chars += x.length) catalog.put(service("a", x));
    await telling;
  }
  ok(chars > 3 * limits.registryLogChars);
  equal(log.after(0), null);
  let [index, held] = [catalog.index - 1, 0];
  while (log.after(index) !== null) index--;
  for (let message = log.after(index + 1); message; message = log.after(message.index)) held += message.text.length;
  ok(held > limits.registryLogChars / 4 && held <= limits.registryLogChars, String(held));
  equal(log.after(catalog.index), undefined);
  equal(log.snapshot().index, catalog.index);
});

Deno.test("while nobody follows nothing is kept, and the first who does begins with what there is", () => {
  const catalog = new Catalog();
  const { log } = logOf(catalog, 0);
  using _ = log;
  catalog.put(service("a"));
  const first = log.snapshot();
  deepEqual([first.index, log.after(0), log.after(1)], [1, null, undefined]);
  catalog.put(service("b"));
  equal(log.after(1), null);
  const second = log.snapshot();
  equal(second.index, 2);
  ok(second.texts.some((text) => text.includes('"id":"b"')));
});
