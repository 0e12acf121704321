/** Clients that ask often. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { HttpError } from "../../../src/errors.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { changedRequest } from "../../../src/http/served_request.ts";
import type { RateLimitConfig } from "../../../src/gateway/config/model.ts";
import { clientKey } from "../../../src/gateway/policy/client_key.ts";
import { limitRate } from "../../../src/gateway/policy/rate_limit.ts";
import { nameUser } from "../../../src/gateway/policy/user_of.ts";
import { listen } from "../../support/in_process.ts";

const fine: Handler = () => new Response("fine");

function config(rest: Partial<RateLimitConfig> = {}): RateLimitConfig {
  return { requests: 2, windowMs: 60_000, burst: 2, by: "client", ...rest };
}

/** Statuses of requests that one after the other come from hosts, with a field. */
async function statuses(handler: Handler, clients: readonly { host?: string; field?: string }[]): Promise<number[]> {
  const all: number[] = [];
  for (const { host = "10.0.0.1", field } of clients) {
    const headers = field === undefined ? undefined : { "x-key": field };
    const request = new Request("http://x/", { headers });
    all.push((await handler(request, { remoteAddr: { hostname: host } })).status);
  }
  return all;
}

Deno.test("who asks too often is told when to come again, and everybody what is left", async () => {
  let now = 0;
  await using server = await listen(limitRate(fine, config(), { clock: () => now }));
  const ask = async () => {
    const { status, headers, body } = await fetch(server.url);
    const left = ["ratelimit", "ratelimit-policy", "retry-after"].map((name) => headers.get(name));
    return [status, ...left, await new Response(body).text()];
  };
  deepEqual(await ask(), [200, '"default";r=1;t=30', '"default";q=2;w=60', null, "fine"]);
  now += 1500;
  deepEqual(await ask(), [200, '"default";r=0;t=29', '"default";q=2;w=60', null, "fine"]);
  const [status, limit, policy, after, body] = await ask();
  deepEqual([status, limit, policy, after], [429, '"default";r=0;t=29', '"default";q=2;w=60', "29"]);
  match(String(body), /"detail":"Too many requests: ask again in 29 s"/);
  now += 28_500;
  equal((await ask())[0], 200);
});

Deno.test("clients are counted apart, and a whole /64 of IPv6 as one", async () => {
  const limited = limitRate(fine, config({ burst: 1 }));
  const hosts = [
    "10.0.0.1",
    "10.0.0.2",
    "10.0.0.1",
    "::ffff:10.0.0.2",
    "2001:db8::1",
    "2001:db8::ffff:2",
    "2001:db9::1",
  ];
  deepEqual(await statuses(limited, hosts.map((host) => ({ host }))), [200, 200, 429, 429, 200, 429, 200]);
});

Deno.test("behind a proxy that is trusted its clients are counted apart, by what it added itself", async () => {
  const xff = (...values: string[]) => values.map((value) => ({ "x-forwarded-for": value }));
  const asked: [Record<string, string>, number][] = [
    ...xff("10.0.0.1", "10.0.0.2", "spoofed, 10.0.0.1", "10.0.0.2:80").map((
      headers,
      i,
    ): [Record<string, string>, number] => [headers, i < 2 ? 200 : 429]),
    [{ forwarded: "for=10.0.0.3" }, 200],
    [{ forwarded: 'for=spoofed, for="10.0.0.3:4711";proto=https' }, 429],
    [{ forwarded: 'proto=https;For="[2001:db8::1]:4711"' }, 200],
    [{ forwarded: 'for="[2001:db8::2]";by="a,b"' }, 429],
    [{ forwarded: "for=10.0.0.4", "x-forwarded-for": "10.0.0.3" }, 429],
    [{ forwarded: "proto=https" }, 200],
    [{}, 429],
  ];
  const limited = limitRate(fine, config({ burst: 1 }), { trustForwarded: true });
  const careful = limitRate(fine, config({ burst: 1 }));
  for (const [index, [headers, status]] of asked.entries()) {
    const ask = async (handler: Handler) => {
      const request = new Request("http://x/", { headers });
      return (await handler(request, { remoteAddr: { hostname: "10.9.9.9" } })).status;
    };
    deepEqual([await ask(limited), await ask(careful)], [status, index === 0 ? 200 : 429], JSON.stringify(headers));
  }
});

Deno.test("requests are counted by a header field, those without it together", async () => {
  const limited = limitRate(fine, config({ burst: 1, by: { header: "X-Key" } }));
  const long = "k".repeat(10_000);
  const fields = ["a", "b", "a", undefined, undefined, long, `${long}2`, long];
  deepEqual(
    await statuses(limited, fields.map((field) => ({ field }))),
    [200, 200, 429, 200, 429, 200, 200, 429],
  );
});

Deno.test("a field that was taken out on the way counts as it came", async () => {
  const limited = limitRate(fine, config({ burst: 1, by: { header: "x-key" } }));
  const taking: Handler = (request, info) => limited(changedRequest(request, { without: ["x-key"] }), info);
  deepEqual(await statuses(taking, ["a", "b", "a"].map((field) => ({ field }))), [200, 200, 429]);
});

Deno.test("requests are counted by user", async () => {
  const limited = limitRate(fine, config({ burst: 1, by: "user" }));
  const named: Handler = (request, info) => {
    const name = request.headers.get("x-key");
    if (name) nameUser(request, name);
    return limited(changedRequest(request, { without: ["x-key"] }), info);
  };
  const fields = ["ada", "bob", "ada", undefined, undefined];
  deepEqual(await statuses(named, fields.map((field) => ({ field }))), [200, 200, 429, 200, 429]);
});

Deno.test("what is refused behind it has the fields too", async () => {
  const refusing = limitRate(() => {
    throw new HttpError(413, "Too large", { headers: { "x-a": "b" } });
  }, config());
  const headers = { "x-a": "b", "ratelimit-policy": '"default";q=2;w=60', ratelimit: '"default";r=1;t=30' };
  await rejects(async () => await refusing(new Request("http://x/")), { status: 413, message: "Too large", headers });
  const failing = limitRate(() => Promise.reject(new TypeError("inner")), config());
  await rejects(async () => await failing(new Request("http://x/")), { name: "TypeError", message: "inner" });
});

Deno.test("addresses are counted by the part that one client has", () => {
  const keys: Record<string, string> = {
    "10.0.0.1": "10.0.0.1",
    "::ffff:10.0.0.1": "10.0.0.1",
    "::FFFF:10.0.0.1": "10.0.0.1",
    "::1": "0:0:0:0::/64",
    "::": "0:0:0:0::/64",
    "2001:DB8::1": "2001:db8:0:0::/64",
    "2001:0db8:0:0:1:2:3:4": "2001:db8:0:0::/64",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:db8:1:2::": "2001:db8:1:2::/64",
    "1::8": "1:0:0:0::/64",
    "1:2:3::8": "1:2:3:0::/64",
    "64:ff9b::10.0.0.1": "64:ff9b:0:0::/64",
    "fe80::1%eth0": "fe80:0:0:0::/64",
    "": "",
  };
  for (const [address, key] of Object.entries(keys)) equal(clientKey(address), key, address);
});
