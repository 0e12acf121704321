/** HTTPS of a whole gateway: where its certificates come from, which one a client gets, and what plain HTTP is told. */

import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { connect, type TLSSocket } from "node:tls";
import { makeLeaf } from "../../src/gateway/tls/leaf_certificate.ts";
import { freePort, releasePort } from "../../src/net/free_port.ts";
import { seen } from "../support/ask.ts";
import { addFiles, startGateway } from "../support/gateway.ts";
import { startPebble } from "../support/pebble.ts";
import { RawClient } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const DAY_MS = 24 * 3_600_000;

/** A certificate for hosts, as two files. */
async function pairFiles(name: string, hosts: string[], days = 90): Promise<Record<string, string>> {
  const { cert, key } = await makeLeaf(hosts, { from: Date.now() - 2 * DAY_MS, until: Date.now() + days * DAY_MS });
  return { [`${name}.pem`]: cert, [`${name}.key`]: key };
}

/** A connection over TLS on which requests go one after another. */
class TlsClient implements Disposable {
  readonly #socket: TLSSocket;
  #received = "";
  isClosed = false;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#received += text);
    socket.on("close", () => this.isClosed = true);
  }

  static async connect(url: string, servername = ""): Promise<TlsClient> {
    const port = Number(new URL(url).port);
    const socket = connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("secureConnect", resolve);
    socket.on("error", reject);
    await within("the handshake", promise);
    return new TlsClient(socket);
  }

  /** Names in the server's certificate, and what tells it from any other. */
  get names(): string {
    return this.#socket.getPeerCertificate().subjectaltname!;
  }

  get fingerprint(): string {
    return this.#socket.getPeerCertificate().fingerprint256;
  }

  get issuer(): string {
    return String(this.#socket.getPeerCertificate().issuer.CN);
  }

  /** Asks, and waits for the body that it expects. */
  async ask(host: string, body: string): Promise<void> {
    this.#received = "";
    this.#socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await until(`${body} comes`, () => this.#received.endsWith(`\r\n\r\n${body}`));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A port for as long as a test takes. */
async function port(): Promise<{ readonly port: number } & Disposable> {
  const port = await freePort();
  return { port, [Symbol.dispose]: () => releasePort(port) };
}

/** Where plain HTTP is sent on to. */
async function redirected(url: string, host: string, head = "GET /a?b=c"): Promise<[number, string | undefined]> {
  using client = await RawClient.connect(url);
  await client.send(`${head} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const { status, headers } = await client.head();
  return [status, headers.location];
}

Deno.test("each host has its own certificate on one address, and plain HTTP is sent on to it", async () => {
  using secure = await port();
  using plain = await port();
  const text = `
accessLog = "none"
[[servers]]
listen = "127.0.0.1:${secure.port}"
redirectHttp = "127.0.0.1:${plain.port}"
hosts = ["a.example"]
tls = { cert = "a.pem", key = "a.key" }
routes = [{ path = "/", respond = "this is a" }]
[[servers]]
listen = "127.0.0.1:${secure.port}"
redirectHttp = "127.0.0.1:${plain.port}"
hosts = ["*.b.example"]
tls = { cert = "b.pem", key = "b.key" }
routes = [{ path = "/", respond = "this is b" }]
`;
  const files = { ...await pairFiles("a", ["a.example"]), ...await pairFiles("b", ["*.b.example"]) };
  await using server = await startGateway(text, { files });
  deepEqual(server.gateway.urls, [`https://127.0.0.1:${secure.port}`, `http://127.0.0.1:${plain.port}`]);
  for (
    const [host, names, body] of [
      ["a.example", "DNS:a.example", "this is a"],
      ["x.b.example", "DNS:*.b.example", "this is b"],
    ]
  ) {
    using client = await TlsClient.connect(server.url, host);
    equal(client.names, names);
    await client.ask(host, body);
  }
  const url = server.gateway.urls[1];
  deepEqual(await redirected(url, "a.example"), [301, `https://a.example:${secure.port}/a?b=c`]);
  deepEqual(await redirected(url, "X.B.example:80"), [301, `https://x.b.example:${secure.port}/a?b=c`]);
  deepEqual(await redirected(url, "a.example", "POST /"), [308, `https://a.example:${secure.port}/`]);
  deepEqual(await redirected(url, "evil.example"), [404, undefined]);
  deepEqual(await redirected(url, "a.example", "GET /.well-known/acme-challenge/x"), [404, undefined]);
  await rejects(seen(server.url.replace("https:", "http:")));
});

Deno.test("certificate files that are replaced are for new connections from a reload on, and open ones go on", async () => {
  const text = `
listen = "127.0.0.1:0"
accessLog = "none"
tls = { cert = "a.pem", key = "a.key" }
routes = [{ path = "/", respond = "fine" }]
`;
  await using server = await startGateway(text, { files: await pairFiles("a", ["a.example"]) });
  using before = await TlsClient.connect(server.url);
  await before.ask("x", "fine");
  await addFiles(server.folder, await pairFiles("a", ["b.example"]));
  await server.reload(text);
  using after = await TlsClient.connect(server.url);
  deepEqual([before.names, after.names], ["DNS:a.example", "DNS:b.example"]);
  await after.ask("x", "fine");
  await before.ask("x", "fine");

  await addFiles(server.folder, { "a.pem": (await pairFiles("c", ["c.example"]))["c.pem"] });
  await rejects(server.reload(text), /not the one of the certificate/);
  using still = await TlsClient.connect(server.url);
  equal(still.fingerprint, after.fingerprint);
  equal(before.isClosed, false);
});

Deno.test("a certificate that has expired is served, and the log and the operator are told", async () => {
  const text = `
listen = "127.0.0.1:0"
accessLog = "none"
hosts = ["a.example"]
admin = { listen = "127.0.0.1:0" }
tls = { cert = "a.pem", key = "a.key" }
routes = [{ path = "/", respond = "fine" }]
`;
  await using server = await startGateway(text, { files: await pairFiles("a", ["a.example"], -1) });
  equal((await server.said(/a\.pem expired on 20/)).level, "error");
  using client = await TlsClient.connect(server.url, "a.example");
  await client.ask("a.example", "fine");
  const { body } = await seen(`${server.admin}/metrics`);
  const [, seconds] = /^sluice_certificate_expiry_seconds\{hosts="a\.example"\} (\S+)$/m.exec(body) ?? [];
  ok(Math.abs(Number(seconds) * 1000 - (Date.now() - DAY_MS)) < 60_000, seconds);
});

Deno.test("for development a certificate of its own is enough, and clients are told how to trust it", async () => {
  const text = `
listen = "127.0.0.1:0"
accessLog = "none"
tls = { selfSigned = true, dir = "tls" }
routes = [{ path = "/", respond = "fine" }]
`;
  await using server = await startGateway(text);
  const { fields } = await server.said(/self-signed certificate.*curl --cacert/);
  const args = ["-sS", "--cacert", String(fields.file), server.url.replace("127.0.0.1", "localhost")];
  const { stdout, stderr } = await new Deno.Command("curl", { args }).output();
  equal(new TextDecoder().decode(stdout), "fine", new TextDecoder().decode(stderr));
  equal(new URL(server.url).protocol, "https:");
});

Deno.test("an authority's certificate is had through the redirecting address, and renewed by no restart", async () => {
  using secure = await port();
  using plain = await port();
  await using pebble = await startPebble({ httpPort: plain.port });
  const text = (hosts: string) => `
accessLog = "none"
listen = "127.0.0.1:${secure.port}"
redirectHttp = "127.0.0.1:${plain.port}"
hosts = ${hosts}
tls = { acme = true, directory = "${pebble.directory}", caCert = "${pebble.caCert}", dir = "acme", email = "me@a.example" }
routes = [{ path = "/", respond = "fine" }]
`;
  await using server = await startGateway(text('["a.example"]'));
  const served = async (host: string) => {
    using client = await TlsClient.connect(server.url, host);
    return { issuer: client.issuer, names: client.names, fingerprint: client.fingerprint };
  };
  await until("the certificate is an authority's", async () => /^Pebble/.test((await served("a.example")).issuer));
  const first = await served("a.example");
  equal(first.names, "DNS:a.example");
  deepEqual(await redirected(server.gateway.urls[1], "a.example"), [301, `https://a.example:${secure.port}/a?b=c`]);
  deepEqual(await redirected(server.gateway.urls[1], "a.example", "GET /.well-known/acme-challenge/no"), [
    404,
    undefined,
  ]);
  using open = await TlsClient.connect(server.url, "a.example");
  await open.ask("a.example", "fine");

  await pebble.stop();
  await server.reload(text('["a.example", "b.example"]'));
  await server.said("Cannot get a certificate for a.example, b.example");
  // The host that had one keeps it; the other has what there is.
  deepEqual(await served("a.example"), first);
  equal(/^Pebble/.test((await served("b.example")).issuer), false);
  await pebble.start();
  await server.reload(text('["b.example", "a.example"]')); // another order of hosts is asked for at once
  deepEqual(await served("a.example"), first);
  await until("it is for both hosts", async () => {
    const { names, issuer } = await served("b.example");
    return /^Pebble/.test(issuer) && /^DNS:[ab]\.example, DNS:[ab]\.example$/.test(names);
  });
  notEqual((await served("a.example")).fingerprint, first.fingerprint);
  await open.ask("a.example", "fine");
});
