/** A service that others find by name and version: it listens, and then says where. */

import { connectRegistry } from "@sluice/sluice";

const { addr: { port } } = Deno.serve({ hostname: "127.0.0.1", port: 0 }, () => new Response("beep boop\n"));
await connectRegistry(Deno.args[0] ?? "localhost:9090").register("web@1.2.3", { port });
