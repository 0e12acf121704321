/** Bearer tokens. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { bearerAuth } from "../../../src/gateway/policy/bearer_auth.ts";
import { userOf } from "../../../src/gateway/policy/user_of.ts";

const guard = bearerAuth((request) => new Response(`${userOf(request)} ${request.headers.get("authorization")}`), {
  kind: "bearer",
  realm: "machines",
  tokens: ["secret-1", "secret~2=="],
});

/** Status, body or challenge of a request. */
async function ask(authorization?: string, url = "http://x/"): Promise<[number, string | null]> {
  const headers = authorization === undefined ? undefined : { authorization };
  const response = await guard(new Request(url, { headers }));
  return [response.status, response.status === 200 ? await response.text() : response.headers.get("www-authenticate")];
}

Deno.test("who brings a token is let in, and the token ends there", async () => {
  deepEqual(await ask("Bearer secret-1"), [200, "token 1 null"]);
  deepEqual(await ask("bearer  secret~2== "), [200, "token 2 null"]);
});

Deno.test("who brings none, or another one, is refused", async () => {
  const none = ["", "Bearer", "Bearer a b", "Basic secret-1", "secret-1"];
  for (const field of [undefined, ...none]) deepEqual(await ask(field), [401, 'Bearer realm="machines"'], field);
  for (const token of ["secret-2", "secret-1x", "SECRET-1"]) {
    deepEqual(await ask(`Bearer ${token}`), [401, 'Bearer realm="machines", error="invalid_token"']);
  }
});

Deno.test("a token in the query is none", async () => {
  equal((await ask(undefined, "http://x/?access_token=secret-1"))[0], 401);
});

Deno.test("a token that no header can hold is refused", () => {
  for (const token of ["", "a b", "ü"]) {
    throws(() => bearerAuth(() => new Response(), { kind: "bearer", realm: "x", tokens: [token] }), TypeError);
  }
});
