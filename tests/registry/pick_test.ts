/** How requests are told apart. */

import { equal, throws } from "node:assert/strict";
import { byHost, byPath } from "../../src/registry/pick.ts";

Deno.test("services are picked by host and by path", () => {
  const host = byHost({ "shop.example": "shop@2.x", stable: "http@0.0.x", "*": "other" });
  const cases = { "shop.example": "shop@2.x", "STABLE.example:80": "http@0.0.x", stable: "http@0.0.x", x: "other" };
  for (const [name, expected] of Object.entries(cases)) equal(host(new Request(`http://${name}/`)), expected);
  equal(byHost({})(new Request("http://constructor/")), undefined);

  const path = byPath({ "/api": "api@1.x", "/api/v2/": "api@2.x" });
  const paths = {
    "/api": "api@1.x",
    "/api/v2/a?b": "api@2.x",
    "/api/v20": "api@1.x",
    "/apis": undefined,
    "/": undefined,
  };
  for (const [at, expected] of Object.entries(paths)) equal(path(new Request(`http://x${at}`)), expected);
  equal(byPath({ "/": "all" })(new Request("http://x/a")), "all");
  throws(() => byPath({ api: "api" }), TypeError);
});
