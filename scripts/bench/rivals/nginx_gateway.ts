/** Debian's nginx with files, with an upstream, and as the upstream of all. */

import { freePort, type Server, type StartOptions, startServer } from "../processes.ts";
import type { Rival, RivalContext } from "./rival.ts";

/** What a server of ours needs of nginx. */
interface Site {
  /** Lines of `http`. */
  readonly http?: string;
  /** Lines of `location /`. */
  readonly location: string;
  readonly workers: number;
}

const config = (dir: string, port: number, { http = "", location, workers }: Site): string => `
daemon off;
worker_processes ${workers};
${Deno.uid() === 0 ? "user root;" : ""}
pid ${dir}/nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_body_temp_path ${dir}/body;
  fastcgi_temp_path ${dir}/fastcgi;
  proxy_temp_path ${dir}/proxy;
  scgi_temp_path ${dir}/scgi;
  uwsgi_temp_path ${dir}/uwsgi;
  ${http}
  server {
    listen 127.0.0.1:${port};
    location / {
      ${location}
    }
  }
}
`;

/** Connections that each worker keeps to the upstream: as many as there are clients. */
const KEPT = 64;

/** Serves a directory. */
export const nginxStatic: Rival = {
  name: "nginx",
  start: (root, context) => startNginx({ location: `root ${root};`, workers: navigator.hardwareConcurrency }, context),
};

/** Passes requests on. */
export const nginxProxy: Rival = {
  name: "nginx",
  start: (url, context) => {
    const http = `upstream all { server ${new URL(url).host}; keepalive ${KEPT}; keepalive_requests 1000000000; }`;
    const location = 'proxy_pass http://all;\nproxy_http_version 1.1;\nproxy_set_header Connection "";';
    return startNginx({ http, location, workers: navigator.hardwareConcurrency }, context);
  },
};

/** A small, fast upstream. */
export function startHello(context: RivalContext): Promise<Server> {
  return startNginx({ location: 'default_type text/plain;\nreturn 200 "hello";', workers: 1 }, context);
}

async function startNginx(site: Site, { dir: base, signal }: RivalContext): Promise<Server> {
  const dir = await Deno.makeTempDir({ dir: base });
  const port = freePort();
  await Deno.writeTextFile(`${dir}/nginx.conf`, config(dir, port, site));
  // Before its workers are there, their processor time and memory would be missed.
  const ready: StartOptions["ready"] = (log) => {
    const started = log.match(/start worker process \d/g)?.length ?? 0;
    return started < site.workers ? null : `http://127.0.0.1:${port}/`;
  };
  return startServer(["nginx", "-p", dir, "-e", "stderr", "-c", `${dir}/nginx.conf`], { dir, ready, signal });
}
