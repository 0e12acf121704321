/**
 * A front for several versions of a service: the first word of the host decides which versions a request goes to.
 *
 *     deno run -A examples/router.ts
 *     curl -H 'Host: unstable' localhost:5000
 *
 * Services register at localhost:5002, or with npm seaport 2.x at localhost:5001. Other ports: name three as arguments.
 */

import { byHost, route, serveHttp, startRegistry } from "@sluice/sluice";

const [frontPort, seaportPort, hubPort] = Deno.args.length === 3 ? Deno.args.map(Number) : [5000, 5001, 5002];

const hub = await startRegistry({ port: hubPort, seaportPort });
const versions = { unstable: "http@0.1.x", stable: "http@0.0.x", "*": "http@0.0.x" };
const front = await serveHttp(route(hub, byHost(versions)), { hostname: "127.0.0.1", port: frontPort, upgrade: true });
console.log(`http://localhost:${front.port} goes to what registers at ${hub.url}`);
