/** Certificates by name, changed while connections are open. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { bytesResponse } from "../../src/http/bytes_response.ts";
import { describeTlsPair, type TlsHosts, type TlsPair } from "../../src/http/tls.ts";
import { EC, makePair } from "../support/certificate.ts";
import { listen, type Listening } from "../support/in_process.ts";
import { RawClient } from "../support/raw_client.ts";
import { until, within } from "../support/within.ts";

const [first, second, third] = await Promise.all([makePair(...EC), makePair(...EC), makePair(...EC)]);

function listenHosts(tls: TlsHosts): Promise<Listening> {
  return listen(() => bytesResponse(new TextEncoder().encode("fine"), {}), { tls });
}

/** What a client of a server asks for. */
interface Hello {
  readonly name?: string;
  readonly protocols?: string[];
  /** The only certificate that the client takes. */
  readonly trust: TlsPair;
  readonly version?: "TLSv1.2" | "TLSv1.3";
}

/** A connection, when its handshake is done. */
function connect(server: Listening, { name, protocols, trust, version }: Hello): Promise<TLSSocket> {
  const socket = connectTls({
    host: "127.0.0.1",
    port: Number(new URL(server.url).port),
    ca: trust.cert,
    servername: name ?? "",
    checkServerIdentity: () => undefined,
    ALPNProtocols: protocols,
    minVersion: version,
    maxVersion: version,
  });
  const connected = new Promise<TLSSocket>((resolve, reject) => {
    socket.once("secureConnect", () => resolve(socket));
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("closed")));
  });
  return within("the handshake", connected);
}

/** Which of the pairs a client is shown. */
async function shown(server: Listening, hello: Omit<Hello, "trust">): Promise<string> {
  for (const [name, trust] of Object.entries({ first, second, third })) {
    try {
      (await connect(server, { ...hello, trust })).destroy();
      return name;
    } catch {
      // It is another one, or none.
    }
  }
  return "none";
}

/** An answer over a connection that stays open. */
async function ask(socket: TLSSocket): Promise<void> {
  let text = "";
  const take = (data: Uint8Array) => void (text += new TextDecoder().decode(data));
  socket.on("data", take);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await until("an answer", () => text.endsWith("fine"));
  socket.off("data", take);
}

Deno.test("each name has its certificate, and one that has none fails alone", async () => {
  const asked: (string | undefined)[] = [];
  const broken = { cert: first.cert, key: second.key };
  await using server = await listenHosts({
    pairFor: (name) => {
      asked.push(name);
      if (name === "throws.example") throw new Error("secret");
      if (name === "broken.example") return broken;
      return name === undefined ? third : { "a.example": first, "b.example": second }[name];
    },
  });
  const kept = await connect(server, { name: "a.example", trust: first });
  await ask(kept);
  equal(await shown(server, { name: "a.example" }), "first");
  equal(await shown(server, { name: "B.Example" }), "second");
  equal(await shown(server, { name: "b.example", version: "TLSv1.2" }), "second");
  equal(await shown(server, {}), "third");
  for (const name of ["c.example", "throws.example", "broken.example"]) equal(await shown(server, { name }), "none");
  await ask(kept);
  kept.destroy();
  ok(asked.includes("b.example") && asked.includes(undefined));
});

Deno.test("a pair that is changed is shown from the next handshake on, and open connections go on", async () => {
  let pair = first;
  await using server = await listenHosts({ pairFor: () => pair });
  const open = await connect(server, { trust: first });
  await ask(open);
  for (const [name, next] of Object.entries({ second, third, first })) {
    pair = next;
    equal(await shown(server, { name: "a.example" }), name);
    await ask(open);
  }
  open.destroy();
});

Deno.test("pairs change under load without a failed request", async () => {
  const pairs = [first, second, third];
  let handshakes = 0;
  await using server = await listenHosts({ pairFor: () => pairs[handshakes++ % 3] });
  const url = server.url.replace("http:", "https:").replace("127.0.0.1", "localhost");
  const caCerts = pairs.map(({ cert }) => cert);
  const clients = Array.from({ length: 5 }, async () => {
    for (let i = 0; i < 6; i++) {
      using client = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 0 });
      equal(await (await fetch(url, { client })).text(), "fine");
    }
  });
  await Promise.all(clients);
  ok(handshakes >= 30);
});

Deno.test("HTTP/1.1 is the only protocol, and a client that wants others alone gets no connection", async () => {
  await using server = await listenHosts({ pairFor: () => first });
  for (const other of ["acme-tls/1", "h2"]) {
    equal(await shown(server, { name: "a.example", protocols: [other] }), "none");
    const socket = await connect(server, { name: "a.example", protocols: [other, "http/1.1"], trust: first });
    equal(socket.alpnProtocol, "http/1.1");
    await ask(socket);
    socket.destroy();
  }
});

Deno.test("handshakes that fail harm nobody", async () => {
  await using server = await listenHosts({ pairFor: () => first });
  const open = await connect(server, { trust: first });
  for (
    const words of [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "\x16\x03\x01\x02\x00",
      "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    ]
  ) {
    using client = await RawClient.connect(server.url);
    await client.send(words);
    await client.closeWrite();
    await client.rest();
  }
  equal(await shown(server, { name: "\u0001" }), "first");
  await ask(open);
  open.destroy();
});

Deno.test("describeTlsPair() tells what a certificate is for, and how long", () => {
  const { names, notBefore, notAfter } = describeTlsPair(first);
  deepEqual(names, ["localhost", "127.0.0.1"]);
  equal(notAfter.getTime() - notBefore.getTime(), 2 * 24 * 3600 * 1000);
  ok(Math.abs(notBefore.getTime() - Date.now()) < 3600 * 1000);
  throws(() => describeTlsPair({ cert: "nonsense" }), { name: "TypeError", message: /certificate is no PEM/ });
});
