// One program behind Deno's own server: deno serve -A examples/library/one_program.ts
import { program } from "@sluice/sluice";

const echo = program({ file: new URL("../services/echo.py", import.meta.url).pathname });

export default { fetch: echo } satisfies Deno.ServeDefaultExport;
