import { deepEqual, ok } from "node:assert/strict";
import { serveHttp } from "../../src/http/node_server.ts";
import { libc } from "../../src/process/libc.ts";
import { program } from "../../src/process/program.ts";
import { makeFolder } from "../support/folder.ts";

libc(); // opened once for all tests: it stays open

/** Says what each of its descriptors is. */
const LIST = ["/bin/sh", "-c", "for fd in /proc/$$/fd/*; do readlink $fd; done; true"];

Deno.test("a program has no socket of the server's, not even one of the file system that it listens on", async () => {
  await using folder = await makeFolder();
  const server = await serveHttp(() => new Response(), { path: folder.file("s.sock") });
  for (const resources of [undefined, { openFiles: 64 }]) {
    await using list = program({ command: LIST, resources });
    const open = (await (await list(new Request("http://localhost/"))).text()).trim().split("\n");
    ok(open.length >= 3);
    deepEqual(open.filter((what) => what.startsWith("socket:")), []);
  }
  await server.close(0);
});
