import { deepEqual, equal, match, throws } from "node:assert/strict";
import type { Handler } from "../../src/http/handler.ts";
import { requireToken, withoutToken } from "../../src/http/tokens.ts";
import { listen } from "../support/in_process.ts";

const tokens = [{ token: "reader", write: false }, { token: "writer", write: true }];

/** Tells what a request looks like to the handler. */
const echo: Handler = async (request) =>
  new Response(`${request.method} ${request.url.replace(/^http:\/\/[^/]+/, "")} ${await request.text()}`);
const guarded = requireToken(echo, tokens);

async function ask(path: string, init?: RequestInit, handler = guarded) {
  const response = await handler(new Request(`http://x${path}`, init));
  const { status, headers } = response;
  return { status, challenge: headers.get("www-authenticate"), body: await response.text() };
}

const bearer = (token: string, scheme = "Bearer") => ({ headers: { authorization: `${scheme} ${token}` } });

Deno.test("without tokens a handler is what it was", () => equal(requireToken(echo, []), echo));

Deno.test("a request without a token is 401, and told how to bring one", async () => {
  for (
    const init of [{}, { method: "POST", body: "x" }, { method: "OPTIONS" }, {
      headers: { authorization: "Basic eDp5" },
    }]
  ) {
    const { status, challenge, body } = await ask("/stream/a", init);
    deepEqual([status, challenge], [401, 'Bearer realm="loom"']);
    match(body, /"status":401/);
  }
});

Deno.test("a token that is not known is 401 invalid_token, and is not told again", async () => {
  const wrong = ["wrong", "reade", "readers", "READER", "reader,writer", "é"];
  for (const token of wrong) {
    const { status, challenge, body } = await ask(`/?access_token=${encodeURIComponent(token)}`);
    deepEqual([status, challenge], [401, 'Bearer realm="loom", error="invalid_token"']);
    equal(body.includes(token), false);
  }
  equal((await ask("/", bearer("wrong"))).status, 401);
  equal((await ask("/?access_token=")).status, 401);
  equal((await ask("/?access_token=writer", bearer("wrong"))).status, 401);
});

Deno.test("a token in the header opens, whatever the case of its scheme", async () => {
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    deepEqual(await ask("/a?b=1", bearer("reader", scheme)), { status: 200, challenge: null, body: "GET /a?b=1 " });
  }
});

Deno.test("a token in the query opens, and the handler does not see it", async () => {
  const cases: Record<string, string> = {
    "/a?access_token=writer": "/a",
    "/a?b=%20+c&access_token=writer&d": "/a?b=%20+c&d",
    "/a?access%5Ftoken=writer&access_token=other": "/a",
    "/a/%2e%2f?notail&access_token=writer": "/a/%2e%2f?notail",
  };
  for (const [path, seen] of Object.entries(cases)) {
    equal((await ask(path, { method: "POST", body: "body" })).body, `POST ${seen} body`);
  }
});

Deno.test("a token for reading does not write", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "ODD"]) {
    const { status, challenge } = await ask("/", { method, ...bearer("reader") });
    deepEqual([status, challenge], [403, 'Bearer realm="loom", error="insufficient_scope"'], method);
    equal((await ask("/", { method, ...bearer("writer") })).status, 200);
  }
  for (const method of ["GET", "HEAD", "OPTIONS"]) equal((await ask("/", { method, ...bearer("reader") })).status, 200);
});

Deno.test("a browser's preflight passes, another OPTIONS does not", async () => {
  const preflight = { method: "OPTIONS", headers: { "access-control-request-method": "POST" } };
  equal((await ask("/", preflight)).status, 200);
  equal((await ask("/", { method: "OPTIONS" })).status, 401);
});

Deno.test("requests that are open need no token, and refusals carry further fields", async () => {
  const isOpen = (request: Request) => new URL(request.url).pathname === "/open";
  const handler = requireToken(echo, tokens, {
    isOpen,
    realm: "logs",
    headers: { "access-control-allow-origin": "*" },
  });
  equal((await ask("/open", bearer("something else"), handler)).status, 200);
  const refusal = await handler(new Request("http://x/closed"));
  equal(refusal.headers.get("www-authenticate"), 'Bearer realm="logs"');
  equal(refusal.headers.get("access-control-allow-origin"), "*");
});

Deno.test("of equal tokens the one that may write counts", async () => {
  for (const writes of [[true, false], [false, true]]) {
    const handler = requireToken(echo, writes.map((write) => ({ token: "same", write })));
    equal((await ask("/", { method: "POST", ...bearer("same") }, handler)).status, 200);
  }
});

Deno.test("a token that no header can hold is refused", () => {
  for (const token of ["", " ", "a b", "a\n", "ü"]) {
    throws(() => requireToken(echo, [{ token, write: true }]), TypeError);
  }
});

Deno.test("withoutToken() takes a token out of a URL or a request's target", () => {
  equal(withoutToken("/a?access_token=secret"), "/a");
  equal(withoutToken("http://x/a?b&access_token=secret&c=access_token"), "http://x/a?b&c=access_token");
  equal(withoutToken("/a?%61ccess_token=secret&b"), "/a?b");
  equal(withoutToken("/a"), "/a");
});

Deno.test("over HTTP a body still streams behind a token in the query", async () => {
  await using server = await listen(guarded);
  const body = new Uint8Array(300_000).fill(120);
  const response = await fetch(`${server.url}/up?access_token=writer`, { method: "POST", body });
  equal((await response.text()).length, "POST /up ".length + body.byteLength);
});
