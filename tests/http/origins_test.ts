/** Which pages may make requests of a server that asks for no tokens. */

import { equal, match } from "node:assert/strict";
import { guardOrigins } from "../../src/http/origins.ts";

const handler = guardOrigins(() => new Response("here"), ["https://app.example"]);

async function ask(url: string, origin?: string): Promise<[status: number, detail: string]> {
  const response = await handler(new Request(url, { headers: origin === undefined ? {} : { origin } }));
  return [response.status, await response.text()];
}

Deno.test("requests without an origin are answered under addresses and names of this machine", async () => {
  const hosts = ["localhost:3060", "127.0.0.1", "[::1]:3060", "192.168.1.7:3060", "loom.localhost", "app.example"];
  for (const host of hosts) equal((await ask(`http://${host}/stream`))[0], 200, host);
});

Deno.test("a name that somebody else lets point here is refused, and the answer says how to allow it", async () => {
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:3060"]) {
    const [status, detail] = await ask(`http://${host}/stream?x=1`);
    equal(status, 403, host);
    match(detail, /--origin http:/);
  }
});

Deno.test("pages of this machine, of the server and of allowed origins may ask, others may not", async () => {
  const url = "http://192.168.1.7:3060/stream";
  for (
    const origin of ["http://192.168.1.7:3060", "http://localhost:8080", "http://127.0.0.1", "https://app.example"]
  ) {
    equal((await ask(url, origin))[0], 200, origin);
  }
  const others = ["https://evil.example", "null", "http://app.example", "http://192.168.1.8", "file://localhost"];
  for (const origin of others) equal((await ask(url, origin))[0], 403, origin);
});

Deno.test("all origins can be allowed", async () => {
  const open = guardOrigins(() => new Response("here"), ["*"]);
  equal((await open(new Request("http://a.example/", { headers: { origin: "https://b.example" } }))).status, 200);
});

Deno.test("a server's own name is answered under any port, for requests and for its pages", async () => {
  const named = guardOrigins(() => new Response("here"), [], ["Hub.example"]);
  const statusOf = async (url: string, origin: string) =>
    (await named(new Request(url, { headers: { origin } }))).status;
  equal((await named(new Request("http://hub.example:9090/"))).status, 200);
  equal(await statusOf("http://hub.example/", "http://hub.example"), 200);
  equal(await statusOf("http://hub.example/", "http://evil.example"), 403);
  equal((await named(new Request("http://hub.example.evil.example/"))).status, 403);
});
