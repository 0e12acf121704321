/** Paths made of parameters, whatever stands in those. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { pathTemplate, withQueryOf } from "../../../src/gateway/targets/path_template.ts";

Deno.test("parameters stand where the template has them", () => {
  const make = pathTemplate("/new/:name/{x}.html/*rest");
  equal(make({ name: "a", x: "b", rest: "c/d" }), "/new/a/b.html/c/d");
  deepEqual(make.names, ["name", "x", "rest"]);
  equal(pathTemplate("/a")({ name: "b" }), "/a");
  equal(pathTemplate("/")(undefined), "/");
  equal(pathTemplate("/time/12:30/a*b")({}), "/time/12:30/a*b");
});

Deno.test("what a parameter holds stays in its place", () => {
  const make = pathTemplate("/at/:a?b={b}#{c}");
  equal(make({ a: "x/y?z#w", b: "1&2=3", c: "é \\\r\n\0" }), "/at/x%2Fy%3Fz%23w?b=1%262%3D3#%C3%A9%20%5C%0D%0A%00");
  equal(make({ a: "{b}", b: ":a", c: "*c" }), "/at/%7Bb%7D?b=%3Aa#*c");
  equal(pathTemplate("/:a")({ a: "50%" }), "/50%25");
  equal(pathTemplate("/x/*rest")({ rest: "a b/ü" }), "/x/a%20b/%C3%BC");
});

Deno.test("a parameter that is missing is empty", () => {
  equal(pathTemplate("/a/:b/c")({ b: undefined }), "/a//c");
});

Deno.test("no path begins with two slashes, which would be a host", () => {
  for (const rest of ["/evil.example", "//evil.example", "\\evil.example", "/\\evil.example", "\t//evil.example"]) {
    const path = pathTemplate("/*rest")({ rest });
    equal(new URL(path, "http://here.example").host, "here.example", path);
    equal(path.startsWith("//"), false);
  }
  equal(pathTemplate("/:a/:b")({ a: "", b: "evil.example" }), "/evil.example");
  equal(pathTemplate("/{a}{b}")({ a: "/", b: "evil" }), "/%2Fevil");
});

Deno.test("no parameter leads up in the path", () => {
  for (const rest of ["..", "../x", "a/../b", "a/..", ".", "a/./b", "..\\x", "a\\..", "x\\../y"]) {
    throws(() => pathTemplate("/x/*rest")({ rest }), { name: "HttpError", status: 400 }, rest);
    throws(() => pathTemplate("/x/:rest")({ rest }), { name: "HttpError", status: 400 }, rest);
  }
  equal(pathTemplate("/x/*rest")({ rest: "..a/b../...c" }), "/x/..a/b../...c");
});

Deno.test("the operator's text is encoded where it has to be, and once", () => {
  equal(pathTemplate("/größe %20<x>/ü")({}), "/gr%C3%B6%C3%9Fe%20%20%3Cx%3E/%C3%BC");
});

Deno.test("a template that is none is refused by name", () => {
  const wrong = [
    "",
    "a",
    "//a",
    "/\\a",
    "/a\nb",
    "/a\u0085",
    "/{a",
    "/a}",
    "/{a b}",
    "/:",
    "/:a-b",
    "/*",
    "/*a/b",
    "/\ud800",
  ];
  for (const template of wrong) throws(() => pathTemplate(template), TypeError, template);
});

Deno.test("a query is kept where the template has none", () => {
  const keep = (url: string, template: string) => withQueryOf(url, pathTemplate(template)({}), pathTemplate(template));
  equal(keep("http://x/a?b=c", "/d"), "/d?b=c");
  equal(keep("http://x/a?b=c#e", "/d"), "/d?b=c");
  equal(keep("http://x/a", "/d"), "/d");
  equal(keep("http://x/a?b=c", "/d?e"), "/d?e");
  equal(keep("http://x/a?b=c", "/d#e"), "/d?b=c#e");
});
