/** Debian's caddy with files, and with an upstream. */

import { accepting, freePort, type Server, startServer } from "../processes.ts";
import type { Rival, RivalContext } from "./rival.ts";

const config = (port: number, lines: string): string => `
{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  ${lines}
}
`;

/** Connections that it keeps to the upstream: as many as there are clients; by itself it keeps 32. */
const KEPT = 64;

/** Serves a directory. */
export const caddyStatic: Rival = {
  name: "caddy",
  start: (root, context) => startCaddy(`root * ${root}\n  file_server`, context),
};

/** Passes requests on. */
export const caddyProxy: Rival = {
  name: "caddy",
  start: (url, context) => {
    const transport = `transport http {\n      keepalive_idle_conns_per_host ${KEPT}\n    }`;
    return startCaddy(`reverse_proxy ${new URL(url).host} {\n    ${transport}\n  }`, context);
  },
};

async function startCaddy(lines: string, { dir: base, signal }: RivalContext): Promise<Server> {
  const dir = await Deno.makeTempDir({ dir: base });
  const port = freePort();
  await Deno.writeTextFile(`${dir}/Caddyfile`, config(port, lines));
  // What it keeps for the next time goes where it is removed.
  const env = ["env", `XDG_DATA_HOME=${dir}`, `XDG_CONFIG_HOME=${dir}`];
  const command = [...env, "caddy", "run", "--config", `${dir}/Caddyfile`, "--adapter", "caddyfile"];
  return startServer(command, { dir, ready: accepting(port), signal });
}
