/** Where clients are sent. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { redirectTarget } from "../../../src/gateway/targets/redirect_target.ts";
import { listen } from "../../support/in_process.ts";
import { RawClient } from "../../support/raw_client.ts";

/** Where a request is sent. */
async function locationOf(to: string, url: string, params?: Record<string, string>): Promise<string | null> {
  const response = await redirectTarget({ kind: "redirect", to, status: 302 })(new Request(url), { params });
  return response.headers.get("location");
}

Deno.test("a redirect has its status, and keeps the query", async () => {
  for (const status of [301, 302, 303, 307, 308] as const) {
    await using server = await listen(redirectTarget({ kind: "redirect", to: "/new", status }));
    using client = await RawClient.connect(server.url);
    await client.send("GET /old?a=b&c HTTP/1.1\r\nHost: x\r\n\r\n");
    const head = await client.head();
    deepEqual([head.status, head.headers.location, head.headers["content-length"]], [status, "/new?a=b&c", "0"]);
  }
});

Deno.test("parameters of the path stand in the destination, on another host too", async () => {
  const params = { name: "ä b", rest: "c/d" };
  equal(await locationOf("/new/:name/*rest", "http://x/old", params), "/new/%C3%A4%20b/c/d");
  equal(
    await locationOf("https://a.example:8443/{name}", "http://x/?q", params),
    "https://a.example:8443/%C3%A4%20b?q",
  );
  equal(await locationOf("https://a.example", "http://x/b", params), "https://a.example/");
  equal(await locationOf("https://a.example?b=c", "http://x/?d", params), "https://a.example/?b=c");
});

Deno.test("no path of a client leads to another host, or into another field", async () => {
  for (const rest of ["/evil.example", "\\\\evil.example", "/\\evil.example", "@evil.example", "a\r\nset-cookie: b"]) {
    const location = await locationOf("/*rest", "http://x/", { rest });
    equal(new URL(location!, "http://x/").host, "x");
    equal(/[\r\n]/.test(location!), false);
    const elsewhere = await locationOf("https://a.example/*rest", "http://x/", { rest });
    equal(new URL(elsewhere!).host, "a.example");
  }
});

Deno.test("a destination that is none is refused", () => {
  for (
    const to of ["", "new", "//evil.example", "/\\evil", "javascript:alert(1)", "https://{name}.example/", "https://"]
  ) {
    throws(() => redirectTarget({ kind: "redirect", to, status: 301 }), TypeError, to);
  }
});
