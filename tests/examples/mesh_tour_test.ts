/** The README's two machines. */

import { freePort, releasePort } from "../../src/net/free_port.ts";
import { walkReadme } from "../support/readme_tour.ts";

Deno.test("the README's machines join as it is written", async () => {
  const [http, mesh] = [await freePort(), await freePort()];
  await walkReadme("Join your machines", 4, { "8080": String(http), "9000": String(mesh) });
  releasePort(http);
  releasePort(mesh);
});
