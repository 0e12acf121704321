/** Debian's webhook: the answer is the command's whole output, sent after its end; a body is not given to standard input. */

import { accepting, freePort, startServer } from "../processes.ts";
import type { Rival } from "./rival.ts";

export const webhook: Rival = {
  name: "webhook",
  async start(program, context) {
    const dir = await Deno.makeTempDir({ dir: context.dir });
    const port = freePort();
    const hook = {
      id: "program",
      "execute-command": program,
      "include-command-output-in-response": true,
      "pass-environment-to-command": [
        { source: "url", name: "name", envname: "QUERY_STRING" },
        { source: "request", name: "method", envname: "REQUEST_METHOD" },
      ],
    };
    await Deno.writeTextFile(`${dir}/hooks.json`, JSON.stringify([hook]));
    return startServer(["webhook", "-hooks", `${dir}/hooks.json`, "-ip", "127.0.0.1", "-port", String(port)], {
      dir,
      ready: accepting(port, "/hooks/program"),
      signal: context.signal,
    });
  },
};
