/** Servers that more clients come to than there are descriptors. */

import { equal } from "node:assert/strict";
import { serve } from "../support/serve.ts";
import { within } from "../support/within.ts";

/** As where an operator, or a container, has set a limit that can't be raised. */
const FEW_DESCRIPTORS = ["sh", "-c", 'ulimit -n 512; exec "$@"', "sh"];

Deno.test("a server answers again when a rush of clients is over", async () => {
  await using server = await serve(["cat"], { prefix: FEW_DESCRIPTORS });
  const connect = () => Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const rush = await Promise.all(Array.from({ length: 1000 }, connect));
  const refused = Promise.withResolvers<void>();
  let open = rush.length;
  const ends = rush.map(async (connection) => {
    await connection.read(new Uint8Array(1)).catch(() => null); // a reset is an end as well
    if (--open === 256) refused.resolve();
  });
  await within(() => `all but half of the descriptors are refused, ${open} are not`, refused.promise);
  for (const connection of rush) connection.close();
  await Promise.all(ends);
  const asked = fetch(server.url, { method: "POST", body: "still here" });
  equal(await (await within("there is an answer", asked)).text(), "still here");
});
