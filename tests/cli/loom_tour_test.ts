/** The three lines of the README: start, pipe in, read, with curl's request and with an EventSource. */

import { deepEqual, equal, match } from "node:assert/strict";
import { makeFolder } from "../support/folder.ts";
import { startCli } from "../support/live_cli.ts";
import { runCli, serve } from "../support/serve.ts";
import { within } from "../support/within.ts";

Deno.test("a stream that is piped in is followed by a plain GET and by an EventSource, line by line", async () => {
  await using folder = await makeFolder();
  await using server = await serve([], { command: ["loom", "-p", "0", "--data", folder.file("data")] });
  await using producer = startCli(["stream", server.url, "demo"]);
  await producer.said(/^demo\n$/);
  const plain = (await fetch(`${server.url}/stream/demo`)).body!.pipeThrough(new TextDecoderStream()).getReader();
  const source = new EventSource(`${server.url}/v1/stream/demo?offset=-1&live=sse`);
  const events = messages(source);
  for (const line of ["1\n", "2\n", "3\n"]) {
    await producer.write(line);
    equal((await within("the line comes", plain.read())).value, line);
    equal((await within("the event comes", events.next())).value, line);
  }
  await producer.closeInput();
  equal(await producer.code, 0);
  equal((await within("the answer ends", plain.read())).done, true);
  match((await within("the end comes", events.next())).value!, /streamClosed/);
  source.close();
  deepEqual(await runCli(["tail", server.url, "demo"]), { code: 0, stdout: "1\n2\n3\n", stderr: "" });
});

/** What an EventSource gets: data, and the control event that tells of the end. */
async function* messages(source: EventSource): AsyncGenerator<string> {
  const waiting: string[] = [];
  let wake = () => {};
  const take = (text: string) => {
    waiting.push(text);
    wake();
  };
  source.addEventListener("data", ({ data }) => take(data));
  source.addEventListener("control", ({ data }) => data.includes("streamClosed") && take(data));
  for (;;) {
    while (waiting.length > 0) yield waiting.shift()!;
    await new Promise<void>((resolve) => wake = resolve);
  }
}
