/** The seam to a mesh. */

import { deepEqual, equal } from "node:assert/strict";
import { type MeshCaller, meshTarget } from "../../../src/gateway/targets/mesh_target.ts";

Deno.test("a request goes to the mesh with the names of its services", async () => {
  const calls: unknown[] = [];
  const mesh: MeshCaller = {
    call: (services, request, info) => {
      calls.push([services, request.url, info?.params]);
      return Promise.resolve(new Response("from the mesh"));
    },
  };
  const response = await meshTarget(["a", "b"], mesh)(new Request("http://x/y"), { params: { z: "1" } });
  equal(await response.text(), "from the mesh");
  deepEqual(calls, [[["a", "b"], "http://x/y", { z: "1" }]]);
});

Deno.test("where no mesh was joined, the answer says so", async () => {
  const response = await meshTarget(["a"], undefined)(new Request("http://x/y"));
  deepEqual([response.status, (await response.json()).detail], [
    503,
    "The service is on a mesh that this server has not joined",
  ]);
});
