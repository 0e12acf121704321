/** One process has a directory at a time. */

import { equal, match, rejects } from "node:assert/strict";
import { openLoom } from "../../../src/loom/open_loom.ts";
import { makeFolder } from "../../support/folder.ts";
import { startTeller } from "../../support/loom_faults.ts";

const busy = (dir: string) => (error: unknown) => {
  equal(error instanceof Deno.errors.Busy, true, String(error));
  match((error as Error).message, new RegExp(`${dir} is in use by another process`));
  return true;
};

Deno.test("a directory that another process has is refused, until that process ends, however it does", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  {
    await using other = await startTeller(dir);
    await other.ask({ what: "create", id: "s", text: "s" });
    await rejects(openLoom({ dir }), busy(dir));
    // Being refused has changed nothing for whoever has it.
    equal((await other.ask({ what: "append", id: "s", text: "t" })).code, undefined);
    await other.kill();
  }
  await using loom = await openLoom({ dir });
  equal(loom.head("s")!.tail, 2);
  await rejects(startTeller(dir), /is in use by another process/);
});

Deno.test("a directory that the same process has open is refused too, and free when it is closed", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("loom");
  {
    await using _ = await openLoom({ dir });
    await rejects(openLoom({ dir }), busy(dir));
  }
  await using _ = await openLoom({ dir });
});
