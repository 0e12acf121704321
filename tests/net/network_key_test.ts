/** The key of a network in its file. */

import { deepEqual, equal, match, notDeepEqual, ok, throws } from "node:assert/strict";
import { limits } from "../../src/limits.ts";
import { readNetworkKey, writeNetworkKey } from "../../src/net/network_key.ts";
import { makeFolder } from "../support/folder.ts";

Deno.test("a network key is written for the user alone, and read back", async () => {
  await using folder = await makeFolder();
  const [file, other] = [folder.file("a.key"), folder.file("b.key")];
  writeNetworkKey(file);
  writeNetworkKey(other);
  equal(Deno.statSync(file).mode! & 0o777, 0o600);
  match(Deno.readTextFileSync(file), /^[A-Za-z\d+/]{43}=\n$/);
  const { key, warning } = readNetworkKey(file);
  deepEqual([key.byteLength, warning], [32, undefined]);
  deepEqual(readNetworkKey(file).key, key);
  notDeepEqual(readNetworkKey(other).key, key);
});

Deno.test("a network key is never written over a file", async () => {
  await using folder = await makeFolder({ "a.key": "precious" });
  throws(() => writeNetworkKey(folder.file("a.key")), {
    name: "AlreadyExists",
    message: /^Cannot write .*a\.key: it is there already; take another name, or remove it$/,
  });
  equal(Deno.readTextFileSync(folder.file("a.key")), "precious");
});

Deno.test("readNetworkKey() warns of a key that others can read", async () => {
  await using folder = await makeFolder();
  const file = folder.file("a.key");
  writeNetworkKey(file);
  for (const mode of [0o640, 0o604, 0o620]) {
    Deno.chmodSync(file, mode);
    match(readNetworkKey(file).warning!, /^Others can read the network key in .*a\.key: chmod 600 it$/);
  }
});

Deno.test("readNetworkKey() refuses all but one line of 32 bytes, and shows nothing of it", async () => {
  const secret = "k".repeat(42) + "g=";
  const files: Record<string, [text: string, message: RegExp]> = {
    "empty": ["", /not one line of base64 of 32 bytes; make one with `sluice keys network FILE`/],
    "short": [secret.slice(4), /not one line/],
    "long": ["AAAA" + secret, /not one line/],
    "two": [`${secret}\n${secret}\n`, /not one line/],
    "spaces": [` ${secret}\n`, /not one line/],
    "url": [secret.replace("k", "_"), /not one line/],
    "unpadded": [secret.slice(0, -1), /not one line/],
    "otherwise": [secret.replace("g=", "h="), /not one line/],
    "bytes": ["\0".repeat(32), /not one line/],
    "node": [`-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`, /it holds a key of a node/],
    "large": [secret.repeat(limits.keyFileBytes / 43), /it is larger than \d+ bytes/],
  };
  await using folder = await makeFolder(
    Object.fromEntries(Object.entries(files).map(([name, [text]]) => [name, text])),
  );
  for (const [name, [, message]] of Object.entries(files)) {
    throws(() => readNetworkKey(folder.file(name)), (error: Error) => {
      ok(error instanceof TypeError);
      match(error.message, /^Cannot use the network key of /, name);
      match(error.message, message, name);
      ok(!error.message.includes("kkkk"), name);
      return true;
    });
  }
  throws(() => readNetworkKey(folder.path), /Cannot use the network key of .*: it is a folder/);
  throws(() => readNetworkKey(folder.file("missing")), Deno.errors.NotFound);
});

Deno.test("readNetworkKey() takes a line that an editor of another system has ended", async () => {
  await using folder = await makeFolder({ "crlf": "k".repeat(42) + "g=\r\n", "bare": "k".repeat(42) + "g=" });
  deepEqual(readNetworkKey(folder.file("crlf")).key, readNetworkKey(folder.file("bare")).key);
});
