/** The snippets of examples/reply, each as the script of a route. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { listenCallback } from "../../support/callback.ts";

const folder = fileURLToPath(new URL("../../../examples/reply/", import.meta.url));
const phpHasCurl = new TextDecoder().decode(new Deno.Command("php", { args: ["-m"] }).outputSync().stdout)
  .split("\n").includes("curl");

const snippets = {
  "reply.sh": "bash",
  "reply.py": "python",
  "reply.rb": "ruby",
  "reply.php": "php",
  "reply_curl.php": "php with curl",
};

for (const [file, hello] of Object.entries(snippets)) {
  Deno.test({
    name: `the snippet ${file} replies`,
    ignore: file === "reply_curl.php" && !phpHasCurl,
    async fn() {
      await using server = await listenCallback("", {
        program: { command: undefined, file: folder + file, args: [] },
        onExit: "error",
        secret: true,
      });
      const response = await fetch(server.url);
      deepEqual([response.status, await response.json()], [200, { hello }], server.log.join("\n"));
      equal(response.headers.get("content-type"), "application/json");
      equal((await server.gone(1))[0].code, 0);
    },
  });
}

Deno.test("every snippet is tested, and no longer than it is said to be", () => {
  deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).toSorted(), Object.keys(snippets).toSorted());
  for (const file of Object.keys(snippets)) {
    const [, added] = Deno.readTextFileSync(folder + file).trimEnd().split("\n\n");
    ok(added.split("\n").length <= 5, file);
  }
});
