/** The folder of the reply socket. */

import { equal, throws } from "node:assert/strict";
import { prepareSocketFolder } from "../../../src/gateway/reply/reply_socket.ts";
import { makeFolder } from "../../support/folder.ts";

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o7777;
}

Deno.test("a socket's folder is made, ours alone", async () => {
  await using folder = await makeFolder();
  prepareSocketFolder(folder.file("new/run/reply.sock"));
  equal(modeOf(folder.file("new/run")), 0o700);
  prepareSocketFolder(folder.file("new/run/reply.sock"));
});

Deno.test("a shared folder will do where nobody can replace what others made, and else not", async () => {
  await using folder = await makeFolder();
  const shared = folder.file("shared");
  await Deno.mkdir(shared);
  await Deno.chmod(shared, 0o1777);
  prepareSocketFolder(`${shared}/reply.sock`);
  equal(modeOf(shared), 0o1777);
  await Deno.chmod(shared, 0o777);
  throws(() => prepareSocketFolder(`${shared}/reply.sock`), /others can replace/);
  await Deno.chmod(shared, 0o770);
  throws(() => prepareSocketFolder(`${shared}/reply.sock`), /others can replace/);
  await Deno.chmod(shared, 0o755);
  prepareSocketFolder(`${shared}/reply.sock`);
});

Deno.test({
  name: "a folder of another user will not do",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using folder = await makeFolder();
    const theirs = folder.file("theirs");
    await Deno.mkdir(theirs);
    await Deno.chown(theirs, 65534, 65534);
    throws(() => prepareSocketFolder(`${theirs}/reply.sock`), /others can replace/);
  },
});

Deno.test("a path that is too long for a socket is said to be", async () => {
  await using folder = await makeFolder();
  throws(() => prepareSocketFolder(folder.file("x".repeat(108))), /at most 107 bytes/);
  equal(folder.names().length, 0);
});
