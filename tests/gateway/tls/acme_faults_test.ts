/** Authorities that are not there, refuse, say wait, or hang; files that are damaged; several who want the same. */

import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { openCertificates } from "../../../src/gateway/tls/certificates.ts";
import { HOSTS, keepLog, startAcme, TestClock } from "../../support/acme.ts";
import { EC, makePair } from "../../support/certificate.ts";
import { makeFolder } from "../../support/folder.ts";
import { listen } from "../../support/in_process.ts";
import { until, within } from "../../support/within.ts";

const HOUR_MS = 3_600_000;

Deno.test("a server whose authority is down at its first start serves a temporary certificate and keeps trying", async () => {
  await using world = await startAcme();
  await world.pebble.stop();
  await using certificates = await world.open();
  const temporary = certificates.current;
  certificates.start();
  await world.clock.settled();
  const { message, fields } = world.lines.at(-1)!;
  equal(message, "Cannot get a certificate for a.example, b.example");
  match(String(fields.reason), /^No answer from https:\/\/localhost/);
  match(String(fields.advice), /reaches the authority/);
  equal(fields.serving, "a self-signed one");
  ok(new X509Certificate(temporary.cert).checkHost("b.example"));

  await world.pebble.start();
  const pair = world.next(certificates);
  await world.clock.pass(60_000); // the first pause is no longer
  ok((await pair).cert !== temporary.cert);
});

Deno.test("a certificate that can't be renewed is served on, with pauses that grow, until the authority is back", async () => {
  await using world = await startAcme({ validityS: 7200 });
  await using certificates = await world.open();
  certificates.start();
  const first = await world.next(certificates);
  await world.pebble.stop();
  const failures = () => world.lines.filter(({ message }) => message.startsWith("Cannot renew the certificate"));
  const pauses: number[] = [];
  await world.clock.pass(HOUR_MS);
  await world.clock.pass(50 * 60_000);
  for (let count = 1; count < 6; count++) {
    await until("a failure", () => failures().length === count);
    pauses.push(Date.parse(String(failures().at(-1)!.fields.next)) - world.clock.now());
    await world.clock.pass(pauses.at(-1)! + 100);
  }
  pauses.forEach((ms, index) => ok(ms > 0.24 * 60_000 * 2 ** index && ms <= 60_000 * 2 ** index, `${pauses}`));
  match(String(failures()[0].fields.serving), /^the one that expires /);
  equal(certificates.current, first);

  await until("a failure", () => failures().length === 6);
  await world.pebble.start(); // it has lost the account too
  const renewed = world.next(certificates);
  await world.clock.pass(HOUR_MS);
  ok((await renewed).cert !== first.cert);
});

Deno.test("an authority that does not find its challenge is quoted, and what to do is said", async () => {
  await using world = await startAcme();
  await using certificates = await world.open();
  const answers = world.handler;
  world.handler = () => new Response("not the answer");
  certificates.start();
  await until("a failure", () => world.lines.some(({ level }) => level === "error"));
  const { fields } = world.lines.at(-1)!;
  match(String(fields.reason), /^[ab]\.example: .*not the answer|^[ab]\.example: .*key authorization/i);
  match(String(fields.advice), /port 80/);
  deepEqual([...Deno.readDirSync(`${world.config.dir}/challenges`)], []);

  world.handler = answers;
  const pair = world.next(certificates);
  await world.clock.pass(60_000);
  await pair;
});

Deno.test("a stored certificate or account that is damaged is put aside and had anew", async () => {
  await using world = await startAcme();
  const first = await world.open();
  first.start();
  const pair = await world.next(first);
  await first[Symbol.asyncDispose]();
  const names = [...Deno.readDirSync(world.config.dir)].map(({ name }) => name);
  const paths = names.filter((name) => /\.(pem|json)$/.test(name)).map((name) => `${world.config.dir}/${name}`);
  equal(paths.length, 2);
  for (const path of paths) Deno.truncateSync(path, Deno.statSync(path).size / 2);

  await using second = await world.open();
  second.start();
  ok((await world.next(second)).cert !== pair.cert);
  const warnings = world.lines.filter(({ message }) => /damaged/.test(message));
  deepEqual(warnings.map(({ fields }) => fields.file).toSorted(), paths.map((path) => `${path}.damaged`).toSorted());
  for (const path of paths) ok(Deno.statSync(`${path}.damaged`).isFile);
});

Deno.test("an authority that says when to come back is not asked before", async () => {
  const pair = await makePair(...EC);
  let asked = 0;
  const busy = (): Response => {
    asked++;
    const body = JSON.stringify({ type: "urn:ietf:params:acme:error:rateLimited", detail: "too many orders" });
    return new Response(body, { status: 429, headers: { "retry-after": String(4 * 3600) } });
  };
  await using server = await listen(busy, { tls: pair });
  await using folder = await makeFolder({ "ca.pem": pair.cert });
  const [clock, { lines, log }] = [new TestClock(), keepLog()];
  const config = acmeAt(server.url, folder.path, folder.file("ca.pem"));
  await using certificates = await openCertificates(config, HOSTS, { clock, log });
  certificates.start();
  await clock.settled();
  equal(lines.at(-1)!.fields.reason, "too many orders (status 429)");
  match(String(lines.at(-1)!.fields.advice), /^wait/);
  for (let hours = 0; hours < 3; hours++) await clock.pass(HOUR_MS);
  await certificates.reload();
  await clock.settled();
  equal(asked, 1);
  await clock.pass(HOUR_MS);
  await until("it is asked again", () => asked === 2);
});

Deno.test("closing while the authority hangs ends the request at once", async () => {
  const pair = await makePair(...EC);
  const asked = Promise.withResolvers<void>();
  const hang = () => {
    asked.resolve();
    return new Promise<Response>(() => {});
  };
  await using server = await listen(hang, { tls: pair });
  await using folder = await makeFolder({ "ca.pem": pair.cert });
  const config = acmeAt(server.url, folder.path, folder.file("ca.pem"));
  const certificates = await openCertificates(config, HOSTS, { log: keepLog().log });
  certificates.start();
  await within("a request", asked.promise);
  await within("it closes", certificates[Symbol.asyncDispose](), 2000);
});

Deno.test("an authority whose own certificate is not trusted is told nothing", async () => {
  const [pair, other] = [await makePair(...EC), await makePair(...EC)];
  let asked = 0;
  await using server = await listen(() => new Response(String(asked++)), { tls: pair });
  await using folder = await makeFolder({ "ca.pem": other.cert });
  const [clock, { lines, log }] = [new TestClock(), keepLog()];
  const config = acmeAt(server.url, folder.path, folder.file("ca.pem"));
  await using certificates = await openCertificates(config, HOSTS, { clock, log });
  certificates.start();
  await clock.settled();
  match(String(lines.at(-1)!.fields.reason), /certificate/i);
  equal(asked, 0);
});

Deno.test("what can't be had from an authority is refused at once", async () => {
  await using folder = await makeFolder();
  const config = acmeAt("https://localhost:1", folder.path, undefined);
  const cases: [string[], RegExp][] = [
    [[], /the server has no hosts; name them/],
    [["a.example", "*.a.example"], /for \*\.a\.example: that takes a DNS challenge/],
    [["192.0.2.1"], /for 192\.0\.2\.1: only for names/],
    [Array.from({ length: 101 }, (_, index) => `h${index}.example`), /101 hosts/],
  ];
  for (const [hosts, expected] of cases) {
    await rejects(openCertificates(config, hosts, keepLog()), (error: Error) => {
      match(error.message, expected);
      return error instanceof TypeError;
    });
  }
  await rejects(openCertificates({ ...config, caCert: folder.file("none") }, HOSTS, keepLog()), /no such file/);
  const plain = { ...config, directory: "http://ca.example/dir" };
  await rejects(openCertificates(plain, HOSTS, keepLog()), /https alone/);
  deepEqual(folder.names(), []);
});

Deno.test("the runtime's TLS does not serve the answer to a tls-alpn-01 challenge, the reason why it can't be asked for", async () => {
  const digest = "0420" + "ab".repeat(32);
  const pair = await makePair(...EC, "-addext", `1.3.6.1.5.5.7.1.31=critical,DER:${digest}`);
  throws(() => Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...pair }), /UnsupportedCriticalExtension/);
});

function acmeAt(url: string, path: string, caCert: string | undefined) {
  const directory = `${url.replace("http:", "https:")}/dir`;
  const dir = `${path}/acme`;
  return { kind: "acme", directory, dir, caCert, email: undefined, renewBeforeMs: 1 } as const;
}
