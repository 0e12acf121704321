/**
 * The command line: parses, and calls the command.
 *
 * @module
 */

import { isMainThread } from "node:worker_threads";
import { main } from "./src/cli/main.ts";

if (import.meta.main || !isMainThread) Deno.exit(await main(Deno.args));
