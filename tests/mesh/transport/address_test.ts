/** Addresses as people write them, and what is none. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { parseAddress } from "../../../src/mesh/transport/address.ts";

Deno.test("an address is read in every way to write it, and has one text", () => {
  const texts = {
    "example.org:9000": "tcp://example.org:9000",
    "tcp://Example.ORG:9000": "tcp://example.org:9000",
    "tcp://10.0.0.7:09000/": "tcp://10.0.0.7:9000",
    "[::1]:9000": "tcp://[::1]:9000",
    "[0:0::0:1]:9000": "tcp://[::1]:9000",
    "bücher.example:1": "tcp://xn--bcher-kva.example:1",
    "ws://example.org": "ws://example.org:80/",
    "ws://example.org:8080/mesh?a=1": "ws://example.org:8080/mesh?a=1",
    "WSS://Example.org/mesh": "wss://example.org:443/mesh",
    "wss://[::1]:9443/": "wss://[::1]:9443/",
  };
  for (const [written, text] of Object.entries(texts)) {
    const address = parseAddress(written);
    equal(address.text, text);
    deepEqual(parseAddress(text), address);
  }
  const { protocol, host, port } = parseAddress("[::1]:9000");
  deepEqual({ protocol, host, port }, { protocol: "tcp", host: "::1", port: 9000 });
  equal(parseAddress("wss://[::1]:9443/").host, "::1");
});

Deno.test("where to listen may be any host and any port", () => {
  for (const [written, host, port] of [[":9000", "", 9000], ["127.0.0.1:0", "127.0.0.1", 0], ["[::]:0", "::", 0]]) {
    const address = parseAddress(written as string, "listen");
    deepEqual([address.host, address.port], [host, port]);
  }
  equal(parseAddress(":9000", "listen").text, "tcp://:9000");
  throws(() => parseAddress("ws://example.org/mesh", "listen"), { name: "TypeError", message: /where WebSockets/ });
});

Deno.test("nobody is dialled at no host, at every host, or at port 0", () => {
  for (const text of [":9000", "0.0.0.0:9000", "[::]:9000", "[0::0]:9000", "ws://0.0.0.0:80/"]) {
    throws(() => parseAddress(text), { name: "TypeError", message: /it names no host/ }, text);
  }
  for (const text of ["example.org:0", "wss://example.org:0/"]) {
    throws(() => parseAddress(text), { name: "TypeError", message: /port 0/ }, text);
  }
});

Deno.test("what is no address is refused, and named", () => {
  const bad = ["", "9000", "example.org", "::1:9000", "a:b:1", "example.org:65536", "example.org:-1", "[::1:9000"];
  bad.push("http://example.org:80/", "tcp://example.org:9000/path", "tcp://user@example.org:1", "ws://a:b@c/");
  bad.push(
    "ws://example.org/#a",
    "ws://",
    "a b:1",
    "a\n:1",
    "[fe80::1%eth0]:1",
    "300.1.1.1:1",
    "%41:1",
    "a".repeat(600),
  );
  for (const text of bad) {
    for (const use of ["dial", "listen"] as const) {
      throws(
        () => parseAddress(text, use),
        { name: "TypeError", message: /^Cannot (reach a node at|listen on) "/ },
        text,
      );
    }
  }
});
