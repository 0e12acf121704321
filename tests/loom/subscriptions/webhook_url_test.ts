import { deepEqual, equal, ok, throws } from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { isWithin } from "../../../src/loom/subscriptions/addresses.ts";
import { lookupWithin } from "../../../src/loom/subscriptions/post.ts";
import { SubscriptionError } from "../../../src/loom/subscriptions/subscription_error.ts";
import { checkWebhookUrl } from "../../../src/loom/subscriptions/webhook_url.ts";

const PRIVATE = [
  ...["0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1"],
  ...["192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
  ...[
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
  ],
  ...["::ffff:7f00:1", "64:ff9b::7f00:1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::", "::127.0.0.1", "3fff::1"],
];
const PUBLIC = ["8.8.8.8", "1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001::1"];

Deno.test("addresses that are not public are told in all their forms", () => {
  deepEqual(PRIVATE.filter((address) => isWithin(address, "public")), []);
  deepEqual(PUBLIC.filter((address) => !isWithin(address, "public")), []);
  deepEqual(["", "localhost", "8.8.8", "8.8.8.8.8", "[::1]"].filter((address) => isWithin(address, "any")), []);
  ok(isWithin("127.5.5.5", "loopback") && isWithin("::1", "loopback"));
  ok(!isWithin("8.8.8.8", "loopback") && !isWithin("10.0.0.1", "loopback") && !isWithin("fe80::1", "loopback"));
});

Deno.test("webhooks are at https, and at http on this machine only", () => {
  for (const url of ["https://worker.example/hook", "https://8.8.8.8:8443/", "https://[2606:4700:4700::1111]/"]) {
    equal(checkWebhookUrl(url, false).reach, "public", url);
  }
  for (const url of ["http://127.0.0.1:1/", "http://127.9.9.9/", "http://localhost:8080/x", "http://[::1]:3/"]) {
    equal(checkWebhookUrl(url, false).reach, "loopback", url);
  }
});

Deno.test("webhooks at addresses that look harmless and lead inside are refused", () => {
  const refused = [
    ...["http://10.0.0.1/hook", "http://worker.example/", "http://localhost.example/", "http://[::ffff:127.0.0.1]/"],
    ...["https://localhost/", "https://a.localhost/", "https://localhost./", "https://127.0.0.1/", "https://127.1/"],
    ...["https://0x7f000001/", "https://2130706433/", "https://0177.0.0.1/", "https://169.254.169.254/latest/"],
    ...["https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[fd00::1]/", "https://user:secret@worker.example/"],
    ...[
      "ftp://worker.example/",
      "file:///etc/passwd",
      "worker.example",
      "",
      "https://",
      "https://a/" + "x".repeat(3000),
    ],
  ];
  for (const url of refused) {
    throws(() => checkWebhookUrl(url, false), (error: unknown) => {
      ok(error instanceof SubscriptionError, url);
      equal(error.code, "WEBHOOK_URL_REJECTED");
      return true;
    }, url);
  }
});

Deno.test("who allows insecure webhooks allows private hosts, and no other schemes", () => {
  equal(checkWebhookUrl("http://10.0.0.1/hook", true).reach, "any");
  throws(() => checkWebhookUrl("file:///etc/passwd", true), SubscriptionError);
});

Deno.test("a name is refused when any of its addresses leads inside, at the moment it is used", async () => {
  const lookUp = (addresses: LookupAddress[], all: boolean) =>
    new Promise<unknown>((resolve) => {
      const answers = (_: string, __: unknown, callback: (error: null, addresses: LookupAddress[]) => void) =>
        callback(null, addresses);
      lookupWithin("public", answers as unknown as typeof import("node:dns").lookup)(
        "worker.example",
        { all },
        (error, found) => resolve(error ? "refused" : found),
      );
    });
  const good = { address: "8.8.8.8", family: 4 };
  deepEqual(await lookUp([good], true), [good]);
  equal(await lookUp([good], false), "8.8.8.8");
  equal(await lookUp([good, { address: "::ffff:10.0.0.1", family: 6 }], true), "refused");
  equal(await lookUp([{ address: "192.168.0.1", family: 4 }], false), "refused");
  equal(await lookUp([], true), "refused");
});
