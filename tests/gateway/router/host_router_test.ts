import { deepEqual, equal, throws } from "node:assert/strict";
import { HostRouter, type HostRoutes } from "../../../src/gateway/router/host_router.ts";
import type { RouteEntry, RouteMatch } from "../../../src/gateway/router/route_entry.ts";
import type { CorsConfig } from "../../../src/gateway/config/model.ts";

/** A route that is called as it is written: `GET /a`, or `/a` for all methods. */
function entry(text: string, more: Partial<RouteMatch> = {}): RouteEntry<string> {
  const [path, method] = text.split(" ").reverse();
  const match = { methods: method?.split(",") ?? [], path, hosts: [], headers: [], cors: undefined, ...more };
  return { match, route: more.headers || more.hosts ? `${text} ${JSON.stringify(more.headers ?? more.hosts)}` : text };
}

function router(routes: (string | RouteEntry<string>)[], more: Partial<HostRoutes<string>> = {}): HostRouter<string> {
  const entries = routes.map((route) => typeof route === "string" ? entry(route) : route);
  return new HostRouter([{ hosts: [], redirectTrailingSlash: false, redirectCase: false, entries, ...more }]);
}

function ask(router: HostRouter<string>, target: string, init?: RequestInit) {
  const [path, method = "GET"] = target.split(" ").reverse();
  const url = path.startsWith("http") ? path : `http://localhost${path}`;
  const found = router.find(new Request(url, { method, ...init }));
  if (!(found instanceof Response)) return `${found.route} ${JSON.stringify(found.params)}`;
  return `${found.status} ${found.headers.get("allow") ?? found.headers.get("location") ?? ""}`.trim();
}

const cases: [routes: string[], target: string, found: string][] = [
  [["GET /"], "/", "GET / {}"],
  [["GET /a"], "/a?x=1", "GET /a {}"],
  [["GET /a"], "/a/", "404"],
  [["GET /a"], "HEAD /a", "GET /a {}"],
  [["GET /a", "HEAD /a"], "HEAD /a", "HEAD /a {}"],
  [["/a"], "PURGE /a", "/a {}"],
  [["GET /a", "PUT /a"], "POST /a", "405 GET, HEAD, PUT, OPTIONS"],
  [["GET /a"], "OPTIONS /a", "204 GET, HEAD, OPTIONS"],
  [["OPTIONS /a"], "OPTIONS /a", "OPTIONS /a {}"],
  [["GET /:x", "GET /a"], "/a", "GET /a {}"],
  [["GET /:x", "GET /a"], "/b", 'GET /:x {"x":"b"}'],
  [["POST /a", "GET /:x"], "/a", 'GET /:x {"x":"a"}'],
  [["GET /:x", "POST /:y"], "POST /1", 'POST /:y {"y":"1"}'],
  [["GET /a/:x/c", "GET /a/b/*rest"], "/a/b/c", 'GET /a/b/*rest {"rest":"c"}'],
  [["GET /a/b/d", "GET /a/:x/c"], "/a/b/c", 'GET /a/:x/c {"x":"b"}'],
  [["GET /files/*rest"], "/files/", 'GET /files/*rest {"rest":""}'],
  [["GET /files/*rest"], "/files", 'GET /files/*rest {"rest":""}'],
  [["GET /files/*rest"], "/files/a/b/", 'GET /files/*rest {"rest":"a/b/"}'],
  [["GET /files/*rest"], "/files/a//b", "404"],
  [["GET /files/*rest"], "/files//b", "404"],
  [["GET /files/*rest", "GET /files/admin/*rest"], "/files/admin%2Fx", "404"],
  [["GET /*rest", "GET /admin/*rest"], "/admin%2fx", "404"],
  [["GET /:x/y"], "//y", "404"],
  [["GET /:x"], "/a%2Fb%20%C3%A4", 'GET /:x {"x":"a/b ä"}'],
  [["GET /a"], "/x/../%2e/a", "GET /a {}"],
  [["GET /a;b"], "/a;b", "GET /a;b {}"],
  [["GET /{id}/pets"], "/7/pets", 'GET /{id}/pets {"id":"7"}'],
];

for (const [routes, target, found] of cases) {
  Deno.test(`HostRouter: ${target} among ${routes.join(", ")} is ${found}`, () => {
    equal(ask(router(routes), target), found);
  });
}

Deno.test("HostRouter refuses paths that are no text", () => {
  for (const path of ["/%00", "/a/%ff", "/%zz"]) {
    throws(() => ask(router(["GET /:x", "GET /a/:x"]), path), { status: 400 });
  }
});

Deno.test("HostRouter redirects to the slash and the case that a route has, and only where it is told to", () => {
  const routes = ["GET /a/b", "POST /c/", "/Users/:Name/x", "/*rest2"].slice(0, 3);
  const both = router(routes, { redirectTrailingSlash: true, redirectCase: true });
  equal(ask(both, "/a/b/?q=1"), "301 /a/b?q=1");
  equal(ask(both, "POST /c"), "308 /c/");
  equal(ask(both, "/A/B"), "301 /a/b");
  equal(ask(both, "/users/Ada%20L/X/?q"), "301 /Users/Ada%20L/x?q");
  equal(ask(both, "GET /c"), "404");
  equal(ask(router(routes), "/A/B"), "404");
  equal(ask(router(routes, { redirectTrailingSlash: true }), "/A/b"), "404");
});

Deno.test("HostRouter never redirects to another host", () => {
  const slashes = router(["GET /:a/:b/", "/x"], { redirectTrailingSlash: true, redirectCase: true });
  equal(ask(slashes, "http://localhost//evil.example"), "404");
});

Deno.test("HostRouter gives requests with the fields that a route asks for to it", () => {
  const canary = entry("GET /a", { headers: [{ name: "x-canary", value: "1" }] });
  const beta = entry("GET /a", { headers: [{ name: "x-canary", value: "1" }, { name: "x-beta", value: undefined }] });
  const among = router([entry("GET /a"), canary, beta]);
  equal(ask(among, "/a"), "GET /a {}");
  equal(ask(among, "/a", { headers: { "x-canary": "2" } }), "GET /a {}");
  equal(ask(among, "/a", { headers: { "x-canary": "1" } }), `${canary.route} {}`);
  equal(ask(among, "/a", { headers: { "x-canary": "1", "x-beta": "" } }), `${beta.route} {}`);
  equal(ask(router([canary]), "/a"), "404");
});

Deno.test("HostRouter keeps hosts apart, the most specific first", () => {
  const of = (host: string, ...routes: (string | RouteEntry<string>)[]) => ({
    ...{ redirectTrailingSlash: false, redirectCase: false, hosts: host ? [host] : [] },
    entries: routes.map((route) => typeof route === "string" ? entry(route) : route),
  });
  const narrowed = entry("/n", { hosts: ["x.b.example"] });
  const hosts = new HostRouter([of("a.example", "/a"), of("*.b.example", "/b", "/n", narrowed), of("", "/c")]);
  equal(ask(hosts, "http://a.example:8080/a"), "/a {}");
  equal(ask(hosts, "http://A.EXAMPLE./a"), "/a {}");
  equal(ask(hosts, "http://a.example/c"), "404");
  equal(ask(hosts, "http://x.b.example/b"), "/b {}");
  equal(ask(hosts, "http://x.b.example/n"), `${narrowed.route} {}`);
  equal(ask(hosts, "http://y.z.b.example/n"), "/n {}");
  equal(ask(hosts, "http://b.example/c"), "/c {}");
  equal(ask(new HostRouter([of("a.example", "/a")]), "http://other.example/a"), "404");
});

Deno.test("HostRouter answers browsers that ask before they send, by the route that would be asked", () => {
  const cors: CorsConfig = {
    ...{ origins: ["https://app.example"], methods: [], headers: ["*"], expose: [], credentials: true, maxAge: 600 },
  };
  const among = router([entry("GET /a"), entry("PUT /a", { cors })]);
  const preflight = (method: string, origin = "https://app.example") =>
    among.find(
      new Request("http://localhost/a", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": method, "access-control-request-headers": "x-a, x-b" },
      }),
    ) as Response;
  deepEqual(Object.fromEntries(preflight("PUT").headers), {
    "access-control-allow-credentials": "true",
    "access-control-allow-headers": "x-a, x-b",
    "access-control-allow-methods": "GET, HEAD, PUT, OPTIONS",
    "access-control-allow-origin": "https://app.example",
    "access-control-max-age": "600",
    "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
  });
  equal(preflight("PUT", "https://evil.example").headers.has("access-control-allow-origin"), false);
  equal(preflight("GET").headers.has("access-control-allow-origin"), false);
});
