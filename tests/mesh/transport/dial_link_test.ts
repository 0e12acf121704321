/** Reaching nodes, and why it fails. */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { dialLink } from "../../../src/mesh/transport/dial_link.ts";
import { EC, makePair } from "../../support/certificate.ts";
import { startListener } from "./pairs.ts";
import { Tape } from "./tape.ts";

async function listening(server: Server): Promise<AsyncDisposable & { port: number }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => void server.close(() => resolve()));
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

Deno.test("a name is looked up, and IPv6 is spoken", async () => {
  for (const [host, ...names] of [["127.0.0.1", "127.0.0.1", "localhost"], ["::1", "[::1]"]]) {
    await using listener = await startListener({ host });
    for (const name of names) {
      const near = new Tape(await dialLink(`tcp://${name}:${listener.port}`)).open();
      near.write("\0");
      const far = new Tape(await listener.next()).open();
      deepEqual([near.link.remoteHost, far.link.remoteHost], [host, host]);
      for (const tape of [near, far]) tape.destroy();
      await Promise.all([near.closed(), far.closed()]);
    }
  }
});

Deno.test("a refusal names the address and says what to do", async () => {
  const gone = await listening(createServer());
  await gone[Symbol.asyncDispose]();
  for (const protocol of ["tcp", "ws", "wss"]) {
    const address = `${protocol}://127.0.0.1:${gone.port}`;
    const error = await dialLink(address).catch((error) => error);
    deepEqual([error.name, error.code], ["MeshError", "unreachable"]);
    match(error.message, new RegExp(`^Cannot reach ${address}/?: nothing listens there; start the node`));
  }
  await rejects(dialLink("nowhere"), TypeError);
});

Deno.test("who says nothing is given up in time, and a signal ends the waiting", async () => {
  await using silent = await listening(createServer((socket) => void socket.on("error", () => {}).resume()));
  const address = `ws://127.0.0.1:${silent.port}/`;
  await rejects(dialLink(address, { connectMs: 100 }), /nothing answers within 100 ms; look whether a firewall/);
  const controller = new AbortController();
  const reason = new Error("enough");
  const dialling = dialLink(address, { signal: controller.signal });
  controller.abort(reason);
  await rejects(dialling, reason);
  await rejects(dialLink(address, { signal: controller.signal }), reason);
  await rejects(dialLink(`tcp://127.0.0.1:${silent.port}`, { signal: controller.signal }), reason);
});

Deno.test("a server that is no node is told of with its status", async () => {
  const plain = createHttpServer((_, outgoing) => outgoing.writeHead(404).end());
  await using server = await listening(plain);
  await rejects(dialLink(`ws://127.0.0.1:${server.port}/mesh`), /it answers with status 404, where a node takes/);
});

Deno.test("wss trusts the authority that it is given, and goes through a proxy with its path", async () => {
  await using listener = await startListener();
  const tls = await makePair(...EC);
  const paths: string[] = [];
  const proxy = createHttpsServer({ cert: tls.cert, key: tls.key });
  proxy.on("upgrade", (incoming: IncomingMessage, socket) => {
    paths.push(incoming.url!);
    const { rawHeaders } = incoming;
    const fields = rawHeaders.map((text, i) => i % 2 === 0 ? `${text}: ` : `${text}\r\n`).join("");
    const onward = connect(listener.port, "127.0.0.1");
    onward.write(`GET ${incoming.url} HTTP/1.1\r\n${fields}\r\n`);
    for (const [from, to] of [[socket, onward], [onward, socket]]) from.on("error", () => {}).pipe(to);
  });
  await using server = await listening(proxy);
  const address = `wss://localhost:${server.port}/mesh/a?b=c`;
  const near = new Tape(await dialLink(address, { ca: tls.cert })).open();
  const far = new Tape(await listener.next()).open();
  near.write("through TLS");
  await far.got(11);
  equal(far.text, "through TLS");
  far.end();
  await Promise.all([near.closed(), far.closed()]);
  deepEqual(paths, ["/mesh/a?b=c"]);
  const error = await dialLink(address).catch((error) => error);
  equal(error.code, "unreachable");
  ok(error.message.startsWith(`Cannot reach ${address}: `), error.message);
});
