/** Opening a store: what it finds, and what it ends. */

import { deepEqual, equal, match } from "node:assert/strict";
import { openLoom } from "../../src/loom/open_loom.ts";
import { makeFolder } from "../support/folder.ts";
import { within } from "../support/within.ts";

const encoder = new TextEncoder();

Deno.test("an upload that the process did not live to see the end of has ended as aborted when it is opened again", async () => {
  await using folder = await makeFolder();
  const dir = folder.file("streams");
  {
    await using loom = await openLoom({ dir });
    await loom.create("cut", { upload: true, bytes: encoder.encode("half") });
    await loom.create("whole", { upload: true, bytes: encoder.encode("all"), closed: true });
    await loom.create("open", { bytes: encoder.encode("more may come") });
  }
  await using loom = await openLoom({ dir });
  deepEqual(["cut", "whole", "open"].map((id) => loom.head(id)!.end), ["aborted", "closed", undefined]);
  const response = await loom.fetch(new Request("http://localhost/stream/cut"));
  equal(response.headers.get("x-stream-end"), "aborted");
  equal(await response.text(), "half");
});

Deno.test("live reads end when the signal aborts, and the store goes on", async () => {
  await using folder = await makeFolder();
  const stopping = new AbortController();
  await using loom = await openLoom({ dir: folder.file("streams"), signal: stopping.signal });
  await loom.create("a", { contentType: "text/plain" });
  const events = await loom.fetch(new Request("http://localhost/v1/stream/a?offset=-1&live=sse"));
  stopping.abort();
  match(await within("the events end", events.text()), /upToDate/);
  equal((await loom.append("a", encoder.encode("x"))).tail, 1);
});

Deno.test("paths that are no streams are told what there is", async () => {
  await using folder = await makeFolder();
  await using loom = await openLoom({ dir: folder.file("streams") });
  for (const path of ["/", "/v1", "/v1/streams", "/streams", "/spy/x"]) {
    const response = await loom.fetch(new Request(`http://localhost${path}`));
    equal(response.status, 404, path);
    match(await response.text(), /\/v1\/stream\/ID/);
  }
});
