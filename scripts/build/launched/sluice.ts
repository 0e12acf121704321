/** The command line as the launcher of the one file starts it, and as its isolates are started. */

import "./restore.ts";
import { main } from "../../../src/cli/main.ts";

Deno.exit(await main(Deno.args));
