/** Answers that stand in the file. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { respondTarget } from "../../../src/gateway/targets/respond_target.ts";
import { listen } from "../../support/in_process.ts";

Deno.test("an answer has its status, its fields and its body, again and again", async () => {
  const headers = { "X-Sort": "tea", "Content-Type": "text/html" };
  await using server = await listen(respondTarget({ kind: "respond", status: 418, headers, body: "<p>ü" }));
  for (let i = 0; i < 2; i++) {
    const response = await fetch(server.url);
    deepEqual(
      [response.status, response.headers.get("x-sort"), response.headers.get("content-type"), await response.text()],
      [418, "tea", "text/html", "<p>ü"],
    );
  }
  const head = await fetch(server.url, { method: "HEAD" });
  deepEqual([head.status, head.headers.get("content-length"), await head.text()], [418, "5", ""]);
});

Deno.test("a body without a type is text, and what has no body has none", async () => {
  const text = await respondTarget({ kind: "respond", status: 200, headers: {}, body: "fine" })(
    new Request("http://x/"),
  );
  deepEqual([text.headers.get("content-type"), await text.text()], ["text/plain; charset=utf-8", "fine"]);
  await using server = await listen(respondTarget({ kind: "respond", status: 204, headers: { a: "b" }, body: "" }));
  const response = await fetch(server.url);
  deepEqual([response.status, response.headers.get("a"), response.headers.get("content-type")], [204, "b", null]);
  equal(await response.text(), "");
});

Deno.test("an answer that can't be is refused when it is made", () => {
  const respond = (status: number, headers: Record<string, string>, body = "") => () =>
    respondTarget({ kind: "respond", status, headers, body });
  throws(respond(99, {}), RangeError);
  throws(respond(200, { "a b": "c" }), TypeError);
  throws(respond(200, { a: "b\r\nc: d" }), TypeError);
  throws(respond(304, {}, "body"), TypeError);
});
