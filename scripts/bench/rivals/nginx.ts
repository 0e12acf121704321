/** nginx in front of a FastCGI server: fcgiwrap, which forks a request in each of its workers. */

import { accepting, freePort, type Server, startServer } from "../processes.ts";
import { linkAsCgi, type Rival } from "./rival.ts";

const WORKERS = 8;

const config = (dir: string, port: number, { socket, script, settings }: Backend): string => `
daemon off;
worker_processes auto;
${Deno.uid() === 0 ? "user root;" : ""}
pid ${dir}/nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${dir}/body;
  fastcgi_temp_path ${dir}/fastcgi;
  proxy_temp_path ${dir}/proxy;
  scgi_temp_path ${dir}/scgi;
  uwsgi_temp_path ${dir}/uwsgi;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port};
    location / {
      fastcgi_pass unix:${socket};
      ${settings}
      fastcgi_param SCRIPT_FILENAME ${script};
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
    }
  }
}
`;

// fcgiwrap would hold the output back to its end.
const UNBUFFERED = `
      fastcgi_buffering off;
      fastcgi_request_buffering off;
      fastcgi_param NO_BUFFERING 1;`;

/** A FastCGI server. */
export interface Backend {
  command: readonly string[];
  /** Path of the unix socket where it will listen. */
  socket: string;
  /** What it is to run. */
  script: string;
  /** Further lines of nginx's configuration. */
  settings: string;
}

/** Starts a FastCGI server and nginx in front of it; they are one server. */
export async function startBehindNginx(backend: Backend, dir: string, signal: AbortSignal): Promise<Server> {
  const port = freePort();
  await Deno.writeTextFile(`${dir}/nginx.conf`, config(dir, port, backend));
  await using stack = new AsyncDisposableStack();
  const back = stack.use(
    await startServer(backend.command, { dir, ready: () => socketAccepts(backend.socket), signal }),
  );
  const front = stack.use(
    await startServer(["nginx", "-p", dir, "-e", "stderr", "-c", `${dir}/nginx.conf`], {
      dir,
      ready: accepting(port),
      signal,
    }),
  );
  const held = stack.move();
  return {
    url: front.url,
    pids: [...front.pids, ...back.pids],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

export const nginx: Rival = {
  name: "nginx + fcgiwrap",
  async start(program, context) {
    const dir = await Deno.makeTempDir({ dir: context.dir });
    const socket = `${dir}/fcgiwrap.sock`;
    const command = ["fcgiwrap", "-c", String(WORKERS), "-s", `unix:${socket}`];
    const script = await linkAsCgi(program, dir);
    return startBehindNginx({ command, socket, script, settings: UNBUFFERED }, dir, context.signal);
  },
};

async function socketAccepts(path: string): Promise<string | null> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return path;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) return null;
    throw error;
  }
}
