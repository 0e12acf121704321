import { deepEqual, equal, match } from "node:assert/strict";
import { openMemoryLoom } from "../../src/loom/open_loom.ts";
import { serveHttp } from "../../src/http/node_server.ts";
import { startCli } from "../support/live_cli.ts";
import { runCli } from "../support/serve.ts";

const encoder = new TextEncoder();

Deno.test("sluice spy shows all streams from now on, in colour when told, and ends with the server", async () => {
  for (const color of [false, true]) {
    const store = await openMemoryLoom();
    const server = await serveHttp(store.fetch, { hostname: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${server.port}`;
    await store.create("first", { contentType: "text/plain", bytes: encoder.encode("old\n") });
    await using spy = startCli(["spy", url, ...color ? ["--color"] : []]);
    await spy.said(/START: first/);
    await store.append("first", encoder.encode("one\n"));
    await spy.said(/first: one/);
    await store.create("second", { contentType: "text/plain", bytes: encoder.encode("two\n"), closed: true });
    await spy.said(/END: second/);
    equal(spy.stdout.includes("old"), false);
    equal(spy.stdout.includes("\x1b["), color);
    await store.close();
    await server.close(0);
    spy.kill("SIGINT");
    await spy.code;
  }
});

Deno.test("what can not be watched ends with 1 and one line", async () => {
  const server = await serveHttp(() => new Response("hello", { headers: { "content-type": "text/html" } }), {
    hostname: "127.0.0.1",
    port: 0,
  });
  const { code, stdout, stderr } = await runCli(["spy", `http://127.0.0.1:${server.port}`]);
  await server.close(0);
  deepEqual([code, stdout], [1, ""]);
  match(stderr, /^sluice: http:\S+ answers, but not as a server of streams does\n$/);
});
