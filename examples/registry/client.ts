/** Whoever looks for it: it waits until there is one. */

import { connectRegistry } from "@sluice/sluice";

await using services = connectRegistry(Deno.args[0] ?? "localhost:9090");
const [web] = await services.get("web@1.2.x");
const response = await fetch(`http://${web.host}:${web.port}`);
console.log((await response.text()).trimEnd());
