/** Too much of everything: standard error, bodies that nobody reads, parameters, and answers by the thousand. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { seen } from "../support/ask.ts";
import { makeFolder } from "../support/folder.ts";
import { listenProgram, listenShell } from "../support/in_process.ts";
import { peakBytes } from "../support/processes.ts";
import { RawClient } from "../support/raw_client.ts";
import { serve } from "../support/serve.ts";

const MiB = 1024 * 1024;

Deno.test("100 MB of standard error and 10 MB without a line end cost neither the answer nor the server's memory", async () => {
  const codes = {
    "100 MB in lines": "yes 'a line of standard error, like many others' | head -c 100000000 >&2; echo answer",
    "10 MB in one line": "head -c 10000000 /dev/zero | tr '\\0' x >&2; echo answer",
  };
  for (const [what, code] of Object.entries(codes)) {
    await using server = await serve(["--log", "json", "-t", "60000", "sh", "-c", code]);
    const before = peakBytes(server.pid);
    deepEqual(await seen(server.url), { status: 200, body: "answer\n" }, what);
    const grown = peakBytes(server.pid) - before;
    ok(grown < 100 * MiB, `${what}: the server has grown by ${Math.round(grown / MiB)} MiB`);
    ok(server.stderr.length < 8 * MiB, `${what}: it logged ${server.stderr.length} bytes`);
  }
});

for (const [what, code] of [["answers at once", "echo answer"], ["sleeps first", "sleep 1; echo answer"]]) {
  Deno.test(`a program that never reads its 100 MB body and ${what} gets its answer through`, async () => {
    await using server = await serve(["sh", "-c", code]);
    const before = peakBytes(server.pid);
    using client = await RawClient.connect(server.url);
    await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${100 * MiB}\r\n\r\n`);
    const sending = sendAll(client, 100 * MiB);
    deepEqual((await client.head()).status, 200);
    match(await client.rest(), /answer\n/);
    await sending;
    const grown = peakBytes(server.pid) - before;
    ok(grown < 100 * MiB, `the server has grown by ${Math.round(grown / MiB)} MiB`);
  });

  Deno.test(`curl gets the answer of a program that never reads its 100 MB body and ${what}`, async () => {
    await using server = await listenShell(code);
    await using folder = await makeFolder({ "body": "" });
    await Deno.truncate(folder.file("body"), 100 * MiB);
    const { stdout } = await new Deno.Command("curl", {
      args: ["-s", "-S", "-H", "Expect:", "-T", folder.file("body"), "-X", "POST", server.url],
    }).output();
    equal(new TextDecoder().decode(stdout), "answer\n");
  });
}

/** Sends bytes until all are out or the server takes no more. */
async function sendAll(client: RawClient, count: number): Promise<void> {
  const chunk = new Uint8Array(64 * 1024);
  try {
    for (let sent = 0; sent < count; sent += chunk.byteLength) await client.send(chunk);
  } catch {
    // The server has had enough, which is its right.
  }
}

/** Asks so many times, so many at once, and counts the answers by status and body. */
async function count(url: string, times: number, atOnce: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let left = times;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) {
      const { status, body } = await seen(url);
      const key = `${status} ${body}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
  }));
  return counts;
}

Deno.test("1000 answers of 418 are 418 a thousand times", async () => {
  await using server = await listenShell("printf 'Status: 418\\n\\nshort and stout'", { mode: "cgi" });
  deepEqual(await count(server.url, 1000, 8), { "418 short and stout": 1000 });
});

const teapots: Record<string, string> = {
  python: "service.res.status(418)\nprint('short and stout', end='')",
  ruby: "service.res.status(418)\nprint 'short and stout'",
  javascript: "service.res.status(418); service.res.end('short and stout')",
};

for (const [language, code] of Object.entries(teapots)) {
  Deno.test(`100 answers of 418 from ${language} are 418 a hundred times`, async () => {
    await using server = await listenProgram({ code, language, timeoutMs: 60_000 });
    deepEqual(await count(server.url, 100, 8), { "418 short and stout": 100 });
  });
}
