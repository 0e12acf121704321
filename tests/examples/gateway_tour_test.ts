/** The README's way from a cron script to an HTTPS endpoint. */

import { freePort, releasePort } from "../../src/net/free_port.ts";
import { walkReadme } from "../support/readme_tour.ts";

Deno.test("the README's way from a cron script to an HTTPS endpoint goes as it is written", async () => {
  const port = await freePort();
  await walkReadme("From cron script to HTTPS endpoint", 9, { "8080": String(port) });
  releasePort(port);
});
