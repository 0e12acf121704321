// The server of the command line in a program of yours: back-pressure both ways, limits for slow clients, trailers.
// deno run -A examples/library/full_server.ts
import { createLog, program, serveHttp } from "@sluice/sluice";

const log = createLog();
const cat = program({ command: ["cat"], timeoutMs: 0, idleTimeoutMs: 30_000, log });
const server = await serveHttp(cat, {
  hostname: "127.0.0.1",
  port: Number(Deno.env.get("PORT") ?? 3000),
  onAccess: ({ method, url, status, bytes }) => log("info", `${method} ${url}`, { status, bytes }),
});
console.error(`listening on http://${server.hostname}:${server.port}`);
