import { equal } from "node:assert/strict";
import { nearest } from "../../src/bytes/nearest.ts";

Deno.test("nearest() finds the name that was meant, and none where none is near", () => {
  const names = ["timeout", "idleTimeout", "maxBody", "run"];
  equal(nearest("timout", names), "timeout");
  equal(nearest("tiemout", names), "timeout");
  equal(nearest("TIMEOUT", names), "timeout");
  equal(nearest("max-body", names), "maxBody");
  equal(nearest("rnu", names), "run");
  equal(nearest("colour", names), undefined);
  equal(nearest("x", []), undefined);
});
