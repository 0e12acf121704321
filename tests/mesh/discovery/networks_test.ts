import { deepEqual } from "node:assert/strict";
import { networksOf } from "../../../src/mesh/discovery/networks.ts";

Deno.test("a public address is in the network around it, be it IPv4 or IPv6", () => {
  deepEqual(networksOf(["tcp://198.51.100.7:9000"]), [0xc63364]);
  deepEqual(networksOf(["ws://198.51.100.7:80/mesh", "wss://198.51.100.200:443/"]), [0xc63364]);
  deepEqual(networksOf(["tcp://[2001:db8:1:2::1]:9000"]), [0x1_2001_0db8_0001]);
  deepEqual(networksOf(["tcp://[2001:DB8::1]:9000"]), [0x1_2001_0db8_0000]);
  deepEqual(networksOf(["tcp://[::ffff:198.51.100.7]:9000"]), [0xc63364]);
  deepEqual(networksOf(["tcp://198.51.100.7:1", "tcp://203.0.113.1:1"]), [0xc63364, 0xcb0071]);
});

Deno.test("private networks, this machine and names are no networks of which there could be too many nodes", () => {
  const hosts = ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1", "169.254.1.1"];
  const more = [
    "100.64.0.1",
    "0.0.0.0",
    "[::1]",
    "[fe80::1]",
    "[fd00::1]",
    "[::ffff:10.0.0.1]",
    "[::]",
    "node.example",
  ];
  for (const host of [...hosts, ...more]) deepEqual(networksOf([`tcp://${host}:9000`]), [], host);
  deepEqual(networksOf(["tcp://172.15.0.1:1", "tcp://172.32.0.1:1"]), [0xac0f00, 0xac2000]);
});

Deno.test("what is no address is in no network", () => {
  const hosts = [
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.x",
    "[1:2:3]",
    "[2001:::1]",
    "[2001::1::2]",
    "[20011::1]",
    "[",
  ];
  for (const host of ["", ...hosts]) deepEqual(networksOf([`tcp://${host}:9000`]), [], host);
  deepEqual(networksOf([]), []);
});
