/** Names and passwords. */

import { deepEqual, equal, throws } from "node:assert/strict";
import type { BasicUser } from "../../../src/gateway/config/model.ts";
import { basicAuth } from "../../../src/gateway/policy/basic_auth.ts";
import { userOf } from "../../../src/gateway/policy/user_of.ts";
import type { Handler, RequestInfo } from "../../../src/http/handler.ts";
import { listen } from "../../support/in_process.ts";

/** The digest of "open sesame". */
const HASH = "sha256:41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";
const users: BasicUser[] = [
  { name: "ada", password: "love:lace", hash: undefined },
  { name: "ali", password: undefined, hash: HASH },
  { name: "jörg", password: "größe", hash: undefined },
  { name: "", password: "", hash: undefined },
];

const base64 = (text: string) => new TextEncoder().encode(text).toBase64();
const guard = (realm = "staff", among = users) =>
  basicAuth((request) => new Response(`${userOf(request)} ${request.headers.get("authorization")}`), {
    kind: "basic",
    realm,
    users: among,
  });

/** Status and body of a request with such a field. */
async function ask(authorization: string | undefined): Promise<[number, string]> {
  const headers = authorization === undefined ? undefined : { authorization };
  const response = await guard()(new Request("http://x/", { headers }));
  return [response.status, response.status === 200 ? await response.text() : ""];
}

Deno.test("who has the password is let in under the name, and the field that holds it ends there", async () => {
  await using server = await listen(guard());
  const names = { "ada:love:lace": "ada", "ali:open sesame": "ali", "jörg:größe": "jörg", ":": "" };
  for (const [credentials, name] of Object.entries(names)) {
    const authorization = `Basic ${base64(credentials)}`;
    equal(await (await fetch(server.url, { headers: { authorization } })).text(), `${name} null`);
  }
});

Deno.test("the target is told who was let in, besides what it was told before", async () => {
  let told: RequestInfo | undefined;
  const target: Handler = (_, info) => {
    told = info;
    return new Response();
  };
  const authorization = `Basic ${base64("ada:love:lace")}`;
  const info = { params: { a: "b" } };
  await basicAuth(target, { kind: "basic", realm: "staff", users })(
    new Request("http://x/", { headers: { authorization } }),
    info,
  );
  deepEqual(told, { ...info, user: { name: "ada", scheme: "Basic" } });
});

Deno.test("the scheme is in any case, and letters are the same however a keyboard writes them", async () => {
  deepEqual(await ask(`bAsIc  ${base64("ada:love:lace")} `), [200, "ada null"]);
  deepEqual(await ask(`Basic ${base64("jörg:größe".normalize("NFD"))}`), [200, "jörg null"]);
});

Deno.test("who has not is refused, and told how to ask", async () => {
  const wrong = [
    "ada:lovelace",
    "ada:",
    "Ada:love:lace",
    "bob:love:lace",
    "ali:sesame",
    `ali:${HASH}`,
    ":x",
    "__proto__:",
  ];
  for (const credentials of wrong) equal((await ask(`Basic ${base64(credentials)}`))[0], 401, credentials);
  const { status, headers } = await guard('a "b" \\')(new Request("http://x/"));
  deepEqual([status, headers.get("www-authenticate")], [401, 'Basic realm="a \\"b\\" \\\\", charset="UTF-8"']);
});

Deno.test("what is malformed is as good as nothing", async () => {
  const bytes = new Uint8Array([0x61, 0x64, 0x61, 0x3a, 0xff]).toBase64();
  const fields = [
    undefined,
    "",
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic YQ",
    `Basic ${base64("ada")}`,
    `Basic ${bytes}`,
  ];
  fields.push(`Basic ${base64("ada:love:lace\n")}`, `Bearer ${base64("ada:love:lace")}`, base64("ada:love:lace"));
  for (const field of fields) equal((await ask(field))[0], 401, field);
});

Deno.test("a browser's question before a request is refused as all else: the router answers it", async () => {
  const headers = { origin: "https://a.example", "access-control-request-method": "GET" };
  equal((await guard()(new Request("http://x/", { method: "OPTIONS", headers }))).status, 401);
});

Deno.test("users that can't be are refused by name", () => {
  const wrong: BasicUser[][] = [
    [{ name: "a:b", password: "c", hash: undefined }],
    [{ name: "a\n", password: "c", hash: undefined }],
    [{ name: "a", password: undefined, hash: undefined }],
    [{ name: "a", password: undefined, hash: "md5:00" }],
    [{ name: "a", password: undefined, hash: HASH.slice(0, -1) }],
    [users[0], { name: "ada", password: "other", hash: undefined }],
  ];
  for (const among of wrong) throws(() => guard("staff", among), TypeError);
  throws(() => guard("a\r\nb"), TypeError);
});
