// Several services in one server, each below a path of its own: deno serve -A examples/library/several_services.ts
import { mountAll, program } from "@sluice/sluice";

const service = (name: string) => new URL(`../services/${name}`, import.meta.url).pathname;

const handler = mountAll({
  "/js": program({ file: service("echo.js"), mount: "/js" }),
  "/py": program({ file: service("echo.py"), mount: "/py" }),
  "/sh": program({ file: service("echo.sh"), mount: "/sh" }),
});

export default { fetch: handler } satisfies Deno.ServeDefaultExport;
