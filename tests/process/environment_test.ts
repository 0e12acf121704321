import { deepEqual, equal, ok } from "node:assert/strict";
import { merge, noParameters } from "../../src/http/parameters.ts";
import { limits } from "../../src/limits.ts";
import {
  inheritedEnvironment,
  type RequestFacts,
  requestJson,
  requestVariables,
} from "../../src/process/environment.ts";

/** Facts about a request; what a test does not care about is left out. */
function facts(url: string, init: RequestInit = {}, more: Partial<RequestFacts> = {}): RequestFacts {
  const request = new Request(url, init);
  return {
    id: "id-1",
    request,
    url: new URL(request.url),
    mount: "",
    pathInfo: new URL(url).pathname,
    remoteAddress: "192.0.2.7",
    query: noParameters(),
    params: noParameters(),
    files: {},
    json: null,
    contentLength: undefined,
    ...more,
  };
}

/** The variables of parameters alone. */
function parameterVariables(params: Record<string, unknown>): Record<string, string> {
  const env = requestVariables(facts("http://localhost/", {}, { params: merge(params) }));
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith("PARAM_")));
}

Deno.test("requestVariables() gives the CGI/1.1 variables of a request (RFC 3875 §4.1)", () => {
  const headers = { "content-type": "text/plain", "accept": "a/b", "x-forwarded-for": "198.51.100.1" };
  deepEqual(
    requestVariables(
      facts("http://example.org:8080/api/a%20b/ü?x=1&y=%32", { method: "POST", headers, body: "hello" }, {
        mount: "/api",
        pathInfo: "/a b/ü",
        contentLength: 5,
      }),
    ),
    {
      CONTENT_LENGTH: "5",
      CONTENT_TYPE: "text/plain",
      GATEWAY_INTERFACE: "CGI/1.1",
      HTTP_ACCEPT: "a/b",
      HTTP_X_FORWARDED_FOR: "198.51.100.1",
      PATH_INFO: "/a b/ü",
      QUERY_STRING: "x=1&y=%32",
      REMOTE_ADDR: "192.0.2.7",
      REMOTE_HOST: "192.0.2.7",
      REQUEST_ID: "id-1",
      REQUEST_METHOD: "POST",
      REQUEST_SCHEME: "http",
      REQUEST_URI: "/api/a%20b/%C3%BC?x=1&y=%32",
      SCRIPT_NAME: "/api",
      SERVER_NAME: "example.org",
      SERVER_PORT: "8080",
      SERVER_PROTOCOL: "HTTP/1.1",
      SERVER_SOFTWARE: "sluice",
    },
  );
});

Deno.test("requestVariables() knows the ports of the schemes, and sets HTTPS where that is so", () => {
  const plain = requestVariables(facts("http://localhost/"));
  deepEqual([plain.SERVER_PORT, plain.REQUEST_SCHEME, plain.HTTPS], ["80", "http", undefined]);
  const secure = requestVariables(facts("https://localhost/"));
  deepEqual([secure.SERVER_PORT, secure.REQUEST_SCHEME, secure.HTTPS], ["443", "https", "on"]);
  equal(requestVariables(facts("http://[::1]:81/")).SERVER_NAME, "[::1]");
});

Deno.test("requestVariables() sets QUERY_STRING also when it is empty, but no length or type of a body that is not there", () => {
  const env = requestVariables(facts("http://localhost/"));
  equal(env.QUERY_STRING, "");
  equal("CONTENT_LENGTH" in env, false);
  equal("CONTENT_TYPE" in env, false);
  equal(requestVariables(facts("http://localhost/", {}, { contentLength: 0 })).CONTENT_LENGTH, "0");
});

Deno.test("requestVariables() never makes HTTP_PROXY of a header, however it is written (httpoxy)", () => {
  for (const name of ["Proxy", "PROXY", "proxy"]) {
    const env = requestVariables(facts("http://localhost/", { headers: { [name]: "http://evil.example" } }));
    equal(JSON.stringify(env).includes("evil"), false);
  }
});

Deno.test("requestVariables() drops headers that would pose as others", () => {
  const headers = { "x-real": "good", "x_real": "bad", "content_length": "bad", "x.real": "bad", "x!": "bad" };
  const env = requestVariables(facts("http://localhost/", { headers }));
  equal(env.HTTP_X_REAL, "good");
  equal(JSON.stringify(env).includes("bad"), false);
});

Deno.test("requestVariables() gives length and type of the body no second name", () => {
  const env = requestVariables(
    facts("http://localhost/", { headers: { "content-type": "a/b", "content-length": "7" } }),
  );
  equal("HTTP_CONTENT_TYPE" in env, false);
  equal("HTTP_CONTENT_LENGTH" in env, false);
});

Deno.test("requestVariables() keeps headers and parameters apart from the other variables", () => {
  const headers = { "path": "/evil", "ld-preload": "evil.so", "request-method": "EVIL", "bash-func-x": "() { :; }" };
  const params = { PATH: "/evil", LD_PRELOAD: "evil.so", IFS: "x", REQUEST_METHOD: "EVIL" };
  const env = requestVariables(facts("http://localhost/", { headers }, { params: merge(params) }));
  for (const [name, value] of Object.entries(env)) {
    if (/evil|\(\)/i.test(value)) ok(/^(HTTP|PARAM)_/.test(name), `${name}=${value}`);
  }
  equal(env.REQUEST_METHOD, "GET");
});

Deno.test("requestVariables() gives each parameter as text, what is nested as JSON", () => {
  deepEqual(
    parameterVariables({
      text: "a b",
      empty: "",
      number: 2.5,
      yes: true,
      nothing: null,
      list: ["1", "2"],
      nested: { a: [{ b: "ü" }] },
      lines: "one\ntwo\r\n",
      hostile: "$(id) `id` \"'\\ %s",
      _a1: "x",
    }),
    {
      PARAM_text: "a b",
      PARAM_empty: "",
      PARAM_number: "2.5",
      PARAM_yes: "true",
      PARAM_nothing: "null",
      PARAM_list: '["1","2"]',
      PARAM_nested: '{"a":[{"b":"ü"}]}',
      PARAM_lines: "one\ntwo\r\n",
      PARAM_hostile: "$(id) `id` \"'\\ %s",
      PARAM__a1: "x",
    },
  );
});

Deno.test("requestVariables() has no variable for a parameter that a router left undefined", () => {
  deepEqual(parameterVariables({ id: undefined, name: "x" }), { PARAM_name: "x" });
});

Deno.test("requestVariables() has no variable for a parameter with a strange name", () => {
  const names = [
    "",
    " ",
    "a b",
    "a=b",
    "1a",
    "a-b",
    "a.b",
    "a[0]",
    "ä",
    "a\nb",
    "a\0b",
    "a;id",
    "$(id)",
    "%",
    "()",
    "A".repeat(129),
  ];
  deepEqual(parameterVariables(Object.fromEntries(names.map((name) => [name, "x"]))), {});
  deepEqual(Object.keys(parameterVariables({ ["A".repeat(128)]: "x" })), ["PARAM_" + "A".repeat(128)]);
});

Deno.test("requestVariables() takes parameters named as what objects have for data only", () => {
  const params = JSON.parse('{"__proto__": "p", "constructor": "c", "toString": "t", "hasOwnProperty": "h"}');
  const variables = requestVariables(facts("http://localhost/", {}, { params: merge(params) }));
  deepEqual(
    [variables.PARAM___proto__, variables.PARAM_constructor, variables.PARAM_toString, variables.PARAM_hasOwnProperty],
    ["p", "c", "t", "h"],
  );
  equal(Object.getPrototypeOf(variables), Object.prototype);
  equal(({} as Record<string, unknown>).p, undefined);
});

Deno.test("requestVariables() leaves out values that are too long or hold a NUL, and keeps the others", () => {
  const longest = "x".repeat(limits.envValueBytes);
  const half = "ü".repeat(limits.envValueBytes / 2);
  deepEqual(
    Object.keys(parameterVariables({
      mebibyte: "x".repeat(1 << 20),
      longest,
      longer: longest + "x",
      half,
      more: half + "ü",
      nul: "a\0b",
      small: "x",
    })),
    ["PARAM_longest", "PARAM_half", "PARAM_small"],
  );
});

Deno.test("requestVariables() stays within what the system takes, and drops parameters first", () => {
  const params = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${i}`, "x".repeat(60_000)]));
  const env = requestVariables(facts("http://localhost/?q=1", {}, { params: merge(params), contentLength: 3 }));
  const bytes = Object.entries(env).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  ok(bytes <= limits.envBytes && bytes > limits.envBytes / 2, `${bytes} bytes`);
  deepEqual([env.QUERY_STRING, env.CONTENT_LENGTH, env.REQUEST_METHOD], ["q=1", "3", "GET"]);
});

Deno.test("requestVariables() leaves a query of 1 MB to the JSON", () => {
  const url = "http://localhost/?q=" + "x".repeat(1 << 20);
  const env = requestVariables(facts(url));
  equal("QUERY_STRING" in env, false);
  equal("REQUEST_URI" in env, false);
  equal(JSON.parse(requestJson(facts(url))).url, url);
});

Deno.test("requestJson() gives the whole request in one line", () => {
  const params = merge({ name: "Ada", note: "one\ntwo\u2028\0" });
  const files = { avatar: { path: "/tmp/x/0", filename: "me.png", contentType: "image/png", size: 3 } };
  const json = requestJson(facts("http://localhost:3000/greet?name=Ada", {
    method: "PUT",
    headers: [["X-A", "1"], ["x-a", "2"], ["X_B", "ok"], ["__proto__", "p"]],
  }, { query: merge({ name: "Ada" }), params, files, json: [1, { a: 2 }] }));
  equal(json.includes("\n"), false);
  deepEqual(JSON.parse(json), {
    id: "id-1",
    method: "PUT",
    url: "http://localhost:3000/greet?name=Ada",
    path: "/greet",
    headers: JSON.parse('{"__proto__": "p", "x-a": "1, 2", "x_b": "ok"}'),
    remoteAddress: "192.0.2.7",
    query: { name: "Ada" },
    params: { name: "Ada", note: "one\ntwo\u2028\0" },
    files,
    body: [1, { a: 2 }],
  });
});

Deno.test("requestJson() carries parameters named as what objects have", () => {
  const params = merge(JSON.parse('{"__proto__": {"polluted": true}, "constructor": "c"}'));
  const parsed = JSON.parse(requestJson(facts("http://localhost/", {}, { params })));
  deepEqual(Object.keys(parsed.params), ["__proto__", "constructor"]);
});

Deno.test("requestJson() replaces halves of surrogate pairs, which UTF-8 does not know", () => {
  const params = { half: "\ud83d", "\udc00": "\\ud83d \ud83d\ude00", after: "\\\ud83d" };
  const json = requestJson(facts("http://localhost/", {}, { params: merge(params) }));
  deepEqual(JSON.parse(json).params, { half: "\ufffd", "\ufffd": "\\ud83d \ud83d\ude00", after: "\\\ufffd" });
});

Deno.test("inheritedEnvironment() lets through places and the locale, and no secret", () => {
  const allowed = {
    PATH: "/bin",
    HOME: "/home/x",
    USER: "x",
    LOGNAME: "x",
    SHELL: "/bin/sh",
    LANG: "C",
    LANGUAGE: "en",
    LC_ALL: "C",
    LC_CTYPE: "C",
    TZ: "UTC",
    TMPDIR: "/tmp",
  };
  const secret = {
    AWS_SECRET_ACCESS_KEY: "s",
    DATABASE_URL: "s",
    GITHUB_TOKEN: "s",
    SLUICE_TOKEN: "s",
    LD_PRELOAD: "s",
    NODE_OPTIONS: "s",
    PYTHONPATH: "s",
    path: "s",
    PATHX: "s",
    XPATH: "s",
    LC_: "s",
    LC_secret: "s",
    ["__proto__"]: "s",
    HTTP_PROXY: "s",
  };
  deepEqual(inheritedEnvironment({ ...secret, ...allowed }), allowed);
});
