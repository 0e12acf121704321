/** A service that others find by name and version. */

import { connectRegistry } from "@sluice/sluice";

const services = connectRegistry(Deno.args[0] ?? "localhost:9090");
const { port } = await services.register("web@1.2.3");
Deno.serve({ hostname: "127.0.0.1", port }, () => new Response("beep boop\n"));
