/** Certificates from an authority, pebble, over real challenges. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { HOSTS, startAcme } from "../../support/acme.ts";
import { listen } from "../../support/in_process.ts";
import { within } from "../../support/within.ts";

const HOUR_MS = 3_600_000;

/** The names in the certificate that a client gets, which trusts the root alone and asks for a host. */
async function namesServed(url: string, ca: string, servername: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port), servername, ca });
  try {
    await within(
      "the handshake",
      new Promise<void>((resolve, reject) => {
        socket.once("secureConnect", resolve);
        socket.once("error", reject);
      }),
    );
    return socket.getPeerCertificate().subjectaltname!;
  } finally {
    socket.destroy();
  }
}

Deno.test("a certificate is had over HTTP-01, stored for the user alone, and taken by clients", async () => {
  await using world = await startAcme();
  await using certificates = await world.open();
  match(world.lines[0].message, /^There is no certificate for a.example, b.example yet/);
  ok(new X509Certificate(certificates.current.cert).checkHost("a.example"), "the temporary one is for the hosts");
  certificates.start();
  const pair = await world.next(certificates);
  deepEqual(pair, certificates.current);
  await using server = await listen(() => new Response("fine"), { tls: pair });
  const root = await world.pebble.root();
  for (const host of HOSTS) equal(await namesServed(server.url, root, host), "DNS:a.example, DNS:b.example");

  const { dir } = world.config;
  equal((await Deno.stat(dir)).mode! & 0o777, 0o700);
  const names = [...Deno.readDirSync(dir)].map(({ name }) => name).toSorted();
  match(names.join(" "), /^a.example-\w+.pem account-localhost-\w+.json acme.lock challenges$/);
  for (const name of names.slice(0, 3)) equal(Deno.statSync(`${dir}/${name}`).mode! & 0o777, 0o600, name);
  deepEqual([...Deno.readDirSync(`${dir}/challenges`)], []);
  const told = Deno.inspect(world.lines, { depth: 9, strAbbreviateSize: 1e6 });
  const { key } = JSON.parse(Deno.readTextFileSync(`${dir}/${names[1]}`));
  for (const line of (pair.key + key).split("\n").filter((line) => !line.startsWith("---") && line.length > 8)) {
    ok(!told.includes(line));
  }
});

Deno.test("what is stored is served after a restart, and the authority is not asked", async () => {
  await using world = await startAcme();
  const first = await world.open();
  first.start();
  const pair = await world.next(first);
  await first[Symbol.asyncDispose]();
  await world.pebble.stop();
  await using second = await world.open();
  deepEqual(second.current, pair);
  second.start();
  await world.clock.pass(HOUR_MS);
  await world.clock.settled();
  deepEqual(world.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("a certificate is renewed before it ends, with another key, and swapped", async () => {
  await using world = await startAcme({ validityS: 3600, hostsRemembered: 100 });
  await using certificates = await world.open();
  certificates.start();
  const first = await world.next(certificates);
  const second = world.next(certificates);
  await world.clock.pass(46 * 60_000); // a renewal is early by a quarter of 10 minutes at most
  await world.clock.settled();
  deepEqual(certificates.current, first);
  await world.clock.pass(5 * 60_000);
  const renewed = await second;
  ok(renewed.key !== first.key && renewed.cert !== first.cert);
});

Deno.test("nonces that the authority refuses are no failure", async () => {
  await using world = await startAcme({ nonceReject: 15 });
  await using certificates = await world.open();
  certificates.start();
  await world.next(certificates);
  deepEqual(world.lines.filter(({ level }) => level === "error"), []);
});
