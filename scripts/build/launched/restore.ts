/** Imported before the command line, whose modules run when they are imported too. */

import { restoreEnvironment } from "./environment.ts";

restoreEnvironment(Deno.env);
