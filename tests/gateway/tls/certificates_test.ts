/** Certificates from files, and self-signed ones: what is served, kept, read again and warned of. */

import { deepEqual, equal, match, notDeepEqual, ok, rejects } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type Certificates, openCertificates } from "../../../src/gateway/tls/certificates.ts";
import { makeLeaf } from "../../../src/gateway/tls/leaf_certificate.ts";
import type { TlsPair } from "../../../src/http/tls.ts";
import { keepLog, TestClock } from "../../support/acme.ts";
import { EC, makePair } from "../../support/certificate.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { listen } from "../../support/in_process.ts";
import { until, within } from "../../support/within.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function put(folder: Folder, { cert, key }: TlsPair): Promise<void> {
  await Deno.writeTextFile(folder.file("cert.pem"), cert);
  await Deno.writeTextFile(folder.file("key.pem"), key);
}

/** A certificate in files, from so long ago to so long ahead, for `a.example`. */
async function openFiles(folder: Folder, hosts = ["a.example"]) {
  const [clock, { lines, log }] = [new TestClock(), keepLog()];
  const config = { kind: "files", cert: folder.file("cert.pem"), key: folder.file("key.pem") } as const;
  const certificates = await openCertificates(config, hosts, { clock, log });
  return { certificates, clock, lines };
}

function lifeAround(fromMs: number, untilMs: number): { from: number; until: number } {
  return { from: Date.now() + fromMs, until: Date.now() + untilMs };
}

Deno.test("files are served as they are, without a word when all is well", async () => {
  await using folder = await makeFolder();
  const pair = await makeLeaf(["a.example", "*.a.example", "192.0.2.1"], lifeAround(-DAY_MS, 90 * DAY_MS));
  await put(folder, pair);
  const { certificates, lines } = await openFiles(folder, ["a.example", "*.a.example", "192.0.2.1"]);
  await using _certificates = certificates;
  deepEqual([certificates.current, certificates.challenge, lines], [pair, undefined, []]);
});

Deno.test("a certificate that clients will refuse is served, and the log says why", async () => {
  const cases: [Promise<TlsPair>, string[], "warn" | "error", RegExp][] = [
    [makeLeaf(["a.example"], lifeAround(-2 * DAY_MS, -DAY_MS)), ["a.example"], "error", /cert.pem expired on 20/],
    [makeLeaf(["a.example"], lifeAround(-DAY_MS, DAY_MS)), ["a.example"], "warn", /expires soon, on 20/],
    [makeLeaf(["a.example"], lifeAround(DAY_MS, 90 * DAY_MS)), ["a.example"], "warn", /is good only from 20/],
    [
      makeLeaf(["a.example"], lifeAround(-DAY_MS, 90 * DAY_MS)),
      ["a.example", "b.example", "*.a.example", "192.0.2.1"],
      "warn",
      /is not for b.example, \*.a.example, 192.0.2.1: /,
    ],
  ];
  for (const [pair, hosts, level, expected] of cases) {
    await using folder = await makeFolder();
    await put(folder, await pair);
    const { certificates, lines } = await openFiles(folder, hosts);
    await using _certificates = certificates;
    deepEqual(certificates.current, await pair);
    equal(lines.length, 1);
    equal(lines[0].level, level);
    match(lines[0].message, expected);
  }
});

Deno.test("files that can't be used are refused at the start by name, and their content is not told", async () => {
  await using folder = await makeFolder();
  await rejects(openFiles(folder), /^TypeError: Cannot read .*cert.pem: there is no such file/);
  const [pair, other] = [await makePair(...EC), await makePair(...EC)];
  await put(folder, { cert: pair.cert, key: other.key });
  await rejects(openFiles(folder), /not the one of the certificate \(.*cert.pem, .*key.pem\)/);
  await put(folder, { cert: pair.cert, key: "secret words" });
  await rejects(openFiles(folder), (error: Error) => !Deno.inspect(error).includes("secret words"));
  await Deno.truncate(folder.file("cert.pem"), 2 ** 20 + 1);
  await rejects(openFiles(folder), /larger than 1048576 bytes/);
});

Deno.test("files are read again on reload and every hour, and a bad one changes nothing", async () => {
  await using folder = await makeFolder();
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => makePair(...EC)));
  await put(folder, first);
  const { certificates, clock, lines } = await openFiles(folder, []);
  await using _certificates = certificates;
  const told: TlsPair[] = [];
  certificates.onChange((pair) => told.push(pair));
  await put(folder, second);
  await certificates.reload();
  await certificates.reload();
  deepEqual(told, [second]);

  await put(folder, { cert: third.cert, key: second.key });
  await rejects(certificates.reload(), /not the one of the certificate/);
  deepEqual(certificates.current, second);
  certificates.start();
  await clock.settled();
  match(lines.at(-1)!.message, /not the one of the certificate/);
  await put(folder, third);
  await clock.pass(HOUR_MS);
  await until("the third is served", () => certificates.current.key === third.key);
  deepEqual(told, [second, third]);
});

Deno.test("a certificate that is about to expire is warned of once a day", async () => {
  await using folder = await makeFolder();
  await put(folder, await makeLeaf(["a.example"], lifeAround(-DAY_MS, 2.5 * DAY_MS)));
  const { certificates, clock, lines } = await openFiles(folder);
  await using _certificates = certificates;
  certificates.start();
  for (let hours = 0; hours < 72; hours++) await clock.pass(HOUR_MS);
  await clock.settled();
  deepEqual(lines.map(({ level }) => level), ["warn", "warn", "warn", "error"]);
});

/** A self-signed certificate that is kept in a folder. */
async function openSelfSigned(folder: Folder, hosts: string[], clock = new TestClock()) {
  const { lines, log } = keepLog();
  const certificates = await openCertificates({ kind: "selfSigned", dir: folder.file("tls") }, hosts, { clock, log });
  return { certificates, lines };
}

async function pairOf({ certificates }: { certificates: Certificates }): Promise<TlsPair> {
  await certificates[Symbol.asyncDispose]();
  return certificates.current;
}

Deno.test("a self-signed certificate is for loopback and the hosts, and clients that are told to trust it", async () => {
  await using folder = await makeFolder();
  const { certificates, lines } = await openSelfSigned(folder, ["localhost", "dev.example", "*.dev.example"]);
  await using _certificates = certificates;
  const certificate = new X509Certificate(certificates.current.cert);
  equal(
    certificate.subjectAltName,
    "DNS:localhost, IP Address:127.0.0.1, IP Address:::1, DNS:dev.example, DNS:*.dev.example",
  );
  for (const address of ["127.0.0.1", "::1"]) ok(certificate.checkIP(address), address);
  equal(certificate.ca, false);
  equal(lines.length, 1);
  match(
    lines[0].message,
    /for localhost, 127\.0\.0\.1, ::1, dev\.example, \*\.dev\.example: have clients trust it, as with curl/,
  );

  await using server = await listen(() => new Response("fine"), { tls: certificates.current });
  const caCerts = [await Deno.readTextFile(String(lines[0].fields.file))];
  using client = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 0 });
  const url = server.url.replace("http:", "https:");
  equal(await (await within("an answer", fetch(url, { client }))).text(), "fine");

  equal((await Deno.stat(folder.file("tls"))).mode! & 0o777, 0o700);
  for (const { name } of Deno.readDirSync(folder.file("tls"))) {
    equal(Deno.statSync(`${folder.file("tls")}/${name}`).mode! & 0o777, name.endsWith(".crt") ? 0o644 : 0o600, name);
  }
});

Deno.test("a self-signed certificate is kept, and made anew for other hosts, near its end, and when damaged", async () => {
  await using folder = await makeFolder();
  const first = await pairOf(await openSelfSigned(folder, ["a.example"]));
  deepEqual(await pairOf(await openSelfSigned(folder, ["a.example"])), first);
  notDeepEqual(await pairOf(await openSelfSigned(folder, ["b.example"])), first);
  deepEqual(await pairOf(await openSelfSigned(folder, ["a.example"])), first);

  const names = [...Deno.readDirSync(folder.file("tls"))].map(({ name }) => name);
  const path = `${folder.file("tls")}/${names.find((name) => /^a.example-\w+.pem$/.test(name))}`;
  Deno.truncateSync(path, 100);
  const second = await openSelfSigned(folder, ["a.example"]);
  match(second.lines[0].message, /damaged/);
  const anew = await pairOf(second);
  ok(anew.key !== first.key);

  const clock = new TestClock();
  const { certificates } = await openSelfSigned(folder, ["a.example"], clock);
  await using _certificates = certificates;
  certificates.start();
  await clock.pass(358 * DAY_MS - HOUR_MS);
  await clock.settled();
  deepEqual(certificates.current, anew);
  await clock.pass(2 * HOUR_MS);
  await until("another is made", () => certificates.current.key !== anew.key);
});

Deno.test("servers that start at once with one folder serve one self-signed certificate", async () => {
  await using folder = await makeFolder();
  const pairs = await Promise.all([1, 2, 3, 4].map(async () => pairOf(await openSelfSigned(folder, []))));
  for (const pair of pairs) deepEqual(pair, pairs[0]);
});

Deno.test("a signal stops what keeps a certificate fresh", async () => {
  await using folder = await makeFolder();
  const stop = new AbortController();
  const config = { kind: "selfSigned", dir: folder.file("tls") } as const;
  const certificates = await openCertificates(config, [], { log: keepLog().log, signal: stop.signal });
  certificates.start();
  stop.abort();
  await within("it closes", certificates[Symbol.asyncDispose]());
});
