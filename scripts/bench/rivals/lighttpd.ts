/** lighttpd with mod_cgi: one process, an event loop, a fork a request. */

import { accepting, freePort, startServer } from "../processes.ts";
import { linkAsCgi, type Rival } from "./rival.ts";

const config = (dir: string, port: number): string => `
server.document-root = "${dir}"
server.upload-dirs = ("${dir}")
server.bind = "127.0.0.1"
server.port = ${port}
server.modules = ("mod_cgi")
server.stream-request-body = 2
server.stream-response-body = 2
cgi.assign = (".cgi" => "")
`;

export const lighttpd: Rival = {
  name: "lighttpd mod_cgi",
  async start(program, context) {
    const dir = await Deno.makeTempDir({ dir: context.dir });
    const port = freePort();
    await linkAsCgi(program, dir);
    await Deno.writeTextFile(`${dir}/lighttpd.conf`, config(dir, port));
    return startServer(["lighttpd", "-D", "-f", `${dir}/lighttpd.conf`], {
      dir,
      ready: accepting(port, "/program.cgi"),
      signal: context.signal,
    });
  },
};
