/** Opens the store in a directory, as a server does that starts, and prints how long it took, milliseconds. */

import { openLoom } from "../../src/loom/open_loom.ts";

const began = performance.now();
await using _ = await openLoom({ dir: Deno.args[0] });
console.log(performance.now() - began);
