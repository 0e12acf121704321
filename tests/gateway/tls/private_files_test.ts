/** Files with keys in them: whole or not there, whatever a crash leaves. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { lockFile, readPair, writePair } from "../../../src/gateway/tls/private_files.ts";
import { EC, makePair } from "../../support/certificate.ts";
import { makeFolder } from "../../support/folder.ts";

Deno.test("what a crash left half written is replaced, and the file before it stays until then", async () => {
  const [first, second] = [await makePair(...EC), await makePair(...EC)];
  await using folder = await makeFolder();
  const path = folder.file("pair.pem");
  await writePair(path, first);
  await Deno.writeTextFile(`${path}.new`, second.key.slice(0, 50), { mode: 0o644 });
  equal((await readPair(path))!.cert.trim(), first.cert.trim());
  await writePair(path, second);
  equal((await readPair(path))!.key.trim(), second.key.trim());
  deepEqual([folder.names(), (await Deno.stat(path)).mode! & 0o777], [["pair.pem"], 0o600]);
});

Deno.test("a pair that is cut off anywhere, or is of two, is not read", async () => {
  const [pair, other] = [await makePair(...EC), await makePair(...EC)];
  await using folder = await makeFolder();
  const path = folder.file("pair.pem");
  const chain = { key: pair.key, cert: pair.cert + other.cert };
  await writePair(path, chain);
  const text = await Deno.readTextFile(path);
  equal((await readPair(path))!.cert.trim(), chain.cert.trim());
  for (let end = 0; end < text.length - 2; end += 7) {
    // To cut it between its certificates leaves a shorter chain, which nothing tells from a whole one.
    if (end < text.lastIndexOf("-----BEGIN") - 1 && end >= text.indexOf("-----END CERT") + 25) continue;
    await Deno.writeTextFile(path, text.slice(0, end));
    await rejects(readPair(path), TypeError, `cut at ${end}`);
  }
  await writePair(path, { key: pair.key, cert: other.cert });
  await rejects(readPair(path), /not the one of the certificate/);
  equal(await readPair(folder.file("none.pem")), undefined);
});

Deno.test("a lock is held by one at a time, and waiting for it ends with the signal", async () => {
  await using folder = await makeFolder();
  const path = folder.file("lock");
  const first = await lockFile(path);
  const stop = new AbortController();
  const second = lockFile(path, stop.signal);
  stop.abort(new RangeError("stop"));
  await rejects(second, RangeError);
  first[Symbol.dispose]();
  (await lockFile(path))[Symbol.dispose]();
});
