import { deepEqual, equal, throws } from "node:assert/strict";
import type { Handler } from "../../src/http/handler.ts";
import { mountAll } from "../../src/http/mount.ts";

/** A handler that says its name. */
const named = (name: string): Handler => () => new Response(name);

/** Who answers a path; the status where nobody does. */
async function answerer(handler: Handler, path: string): Promise<string | number> {
  const response = await handler(new Request(`http://localhost${path}`));
  return response.ok ? await response.text() : response.status;
}

Deno.test("mountAll() gives a path to the longest prefix that ends at a slash or at its end", async () => {
  const handler = mountAll({ "/a": named("a"), "/a/b": named("a/b"), "/ab": named("ab") });
  const expected: Record<string, string | number> = {
    "/a": "a",
    "/a?x=/a/b": "a",
    "/a/": "a",
    "/a/x": "a",
    "/a/bc": "a",
    "/a/b": "a/b",
    "/a/b/": "a/b",
    "/a/b/c": "a/b",
    "/a/x/../b": "a/b",
    "/ab": "ab",
    "/ab/a": "ab",
    "/abc": 404,
    "/A": 404,
    "/": 404,
    "/x/a": 404,
    "//a": 404,
    "/%61": 404,
    "/a%2Fb": 404,
  };
  const got = await Promise.all(Object.keys(expected).map(async (path) => [path, await answerer(handler, path)]));
  deepEqual(Object.fromEntries(got), expected);
});

Deno.test("mountAll() gives to the empty prefix what no other takes", async () => {
  const handler = mountAll({ "": named("rest"), "/a": named("a") });
  deepEqual(await Promise.all(["/", "/x", "/ab", "/a", "/a/x"].map((path) => answerer(handler, path))), [
    "rest",
    "rest",
    "rest",
    "a",
    "a",
  ]);
});

Deno.test("mountAll() goes by length, not by the order of the mounts", async () => {
  for (const mounts of [{ "/a": named("a"), "/a/b": named("a/b") }, { "/a/b": named("a/b"), "/a": named("a") }]) {
    equal(await answerer(mountAll(mounts), "/a/b"), "a/b");
  }
});

Deno.test("mountAll() hands on the request and what is known of it, and its handler's answer", async () => {
  const seen: unknown[] = [];
  const answer = new Response("x");
  const handler = mountAll({ "/a": (...given) => (seen.push(...given), answer) });
  const request = new Request("http://localhost/a");
  const info = { remoteAddr: { hostname: "192.0.2.1" } };
  equal(await handler(request, info), answer);
  equal(seen[0], request);
  equal(seen[1], info);
});

Deno.test("mountAll() answers 404 as a problem where nothing is mounted", async () => {
  const response = await mountAll({})(new Request("http://localhost/"));
  deepEqual([response.status, response.headers.get("content-type")], [404, "application/problem+json"]);
  equal((await response.json()).title, "Not Found");
});

Deno.test("mountAll() refuses a prefix that no path can begin with", () => {
  for (const mount of ["a", "/ü", "/a b", "/a?b", "/a#b", "/%61", "/a/../b", "//a"]) {
    throws(() => mountAll({ [mount]: named("x") }), TypeError, mount);
  }
});
