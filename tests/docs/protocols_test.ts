/**
 * The texts of docs/protocols, held against what runs: clients that were written from them alone speak to real hubs and
 * nodes, worked examples are made anew or played again, and bounds are those of the code.
 */

import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createPublicKey, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import { openMemoryLoom, program, publicKeyFromPem, serveHttp, startNode, startRegistry } from "../../mod.ts";
import { STATUSES } from "../../src/loom/subscriptions/subscription_error.ts";
import { FrameType } from "../../src/mesh/session/frames.ts";
import { ResetCode } from "../../src/mesh/session/reset_code.ts";
import { findInterpreter, Languages } from "../../src/process/languages.ts";
import { runnerFile } from "../../src/process/runners.ts";
import { listenCallback, waiting } from "../support/callback.ts";
import { makeFolder } from "../support/folder.ts";
import { bounds } from "../support/protocol_client_bounds.ts";
import { play } from "../support/protocol_client_http.ts";
import * as mesh from "../support/protocol_client_mesh.ts";
import * as noise from "../support/protocol_client_noise.ts";
import * as registry from "../support/protocol_client_registry.ts";
import { boundsOf, bytesOf, exampleOf, hexOf, protocolText, unescaped } from "../support/protocol_client_text.ts";
import { within } from "../support/within.ts";

const { frame, MeshPeer } = mesh;
const { RegistryPeer } = registry;
const secret = (value: number) => Buffer.alloc(32, value);
const portOf = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1));
const authorized = (key: KeyObject, isAdmin = false) => ({
  key: publicKeyFromPem(createPublicKey(key).export({ type: "spki", format: "pem" }).toString()),
  isAdmin,
});

Deno.test("a client that was written from registry.md registers, follows and frees at a hub that wants seals", async () => {
  const key = registry.newKey();
  await using hub = await startRegistry({ port: 0, authorized: [authorized(key)] });
  await using client = await RegistryPeer.connect(hub.url!, key);
  await client.hello();
  const service = { id: "web-1", role: "web", version: "1.2.3", port: 8080, zone: "eu" };
  const done = await client.request({ type: "register", service });
  deepEqual(done, { type: "done", request: 1, service: { ...service, host: "127.0.0.1" } });
  deepEqual(hub.query("web@1.x"), [done.service]);
  client.send({ type: "follow" });
  deepEqual((await client.next("rows")).services, [done.service]);
  const { index } = await client.next("synced");
  await client.request({ type: "set", id: "web-1", service: { zone: "us" } });
  const expected = { ...service, host: "127.0.0.1", zone: "us" };
  deepEqual(await client.next("changes"), {
    type: "changes",
    index: Number(index) + 1,
    changes: [{ service: expected }],
  });
  equal((await client.request({ type: "free", id: "web-2" })).code, "unknown");
  await client.request({ type: "free", id: "web-1" });
  deepEqual((await client.next("changes")).changes, [{ free: "web-1" }]);
  const { challenge, time } = client.greeting;
  const message = { type: "free", request: 9, id: "web-1" };
  client.send(registry.sealed(key, JSON.stringify({ challenge, number: 1, time, message })));
  equal((await client.next("refused")).code, "replay");
  equal(await client.closed, 1008);
});

Deno.test("a hub that was written from it gives a real one its rows, and is given those of others", async () => {
  const key = registry.newKey();
  await using hub = await startRegistry({ port: 0, authorized: [authorized(key, true)] });
  const own = await hub.register("web@1.0.0", { id: "web-1", port: 1 });
  await using peer = await RegistryPeer.connect(hub.url!, key);
  const us = { hub: "another", start: Date.now() };
  await peer.hello(us);
  const { key: theirs, signature } = peer.welcome;
  const text = registry.helloText(us.hub, peer.challenge, "hub", Number(peer.greeting.start));
  ok(registry.isSignature(String(theirs), text, String(signature)));
  const next = async () => registry.opened(String(theirs), await peer.next("sealed"));
  const [{ hub: origin, start }] = (await next()).origins as { hub: string; start: number }[];
  equal(origin, hub.id);
  peer.send(peer.seal({ type: "want", hub: origin, start, after: -1 }));
  let full = await next();
  while (full.type !== "full") full = await next();
  const rows = full.rows as { service: { id: string }; owner: string }[];
  deepEqual(rows.find(({ service }) => service.id === "web-1"), {
    ...{ service: own, owner: `hub:${hub.id}`, incarnation: start },
  });
  const row = { service: { id: "db-1", role: "db", host: "192.0.2.9", port: 5432 }, owner: "somebody", incarnation: 5 };
  peer.send(peer.seal({ type: "full", ...us, counter: 1, beat: 1, rows: [row] }));
  deepEqual(await within("the row is shown", hub.get("db")), [row.service]);
});

Deno.test("a client that was written from it speaks the lines of seaport", async () => {
  await using hub = await startRegistry({ port: 0, seaportPort: 0 });
  await hub.register("db@1.0.0", { id: "db-1", port: 5432 });
  using connection = await Deno.connect({ port: hub.seaportPort! });
  const lines = registry.linesOf(connection);
  deepEqual(await lines(), ["helo", "127.0.0.1"]);
  const own = '["register","web-9",{"role":"web","version":"1.2.3","port":8080}]\n["synced"]\n';
  await connection.write(new TextEncoder().encode(own));
  const db = { id: "db-1", role: "db", version: "1.0.0", host: "127.0.0.1", port: 5432, heardFrom: hub.id };
  deepEqual(await lines(), ["register", "db-1", db]);
  deepEqual(await lines(), ["synced"]);
  equal((await within("the client's service", hub.get("web@1.x")))[0].id, "web-9");
  hub.free("db-1");
  deepEqual(await lines(), ["free", "db-1"]);
});

for (const [name, value] of [["registry client", 1], ["registry hub", 8]] as const) {
  Deno.test(`each signature of the example "${name}" is made as registry.md says`, () => {
    const own = noise.identityKey(secret(value)).key;
    const { ours, theirs } = registry.conversationOf(name);
    const [greeting, welcome] = theirs;
    const [hello, ...rest] = ours;
    const more = hello.kind === "hub" ? [hello.hub, hello.start, hello.challenge, hello.time] : [];
    const text = registry.helloText(greeting.hub, greeting.challenge, hello.kind, hello.incarnation, more);
    equal(hello.signature, registry.signatureOf(own, text));
    equal(hello.key, registry.spkiOf(own));
    const seals = rest.filter(({ type }) => type === "sealed");
    ok(seals.length >= 3);
    for (const { body, signature } of seals) equal(registry.sealed(own, body).signature, signature);
    if (hello.kind === "client") return;
    const answer = registry.helloText(hello.hub, hello.challenge, "hub", greeting.start);
    equal(welcome.signature, registry.signatureOf(noise.identityKey(secret(4)).key, answer));
    for (const seal of theirs.filter(({ type }) => type === "sealed")) registry.opened(welcome.key, { ...seal });
  });
}

for (const psk of [undefined, secret(7)]) {
  const name = psk ? "mesh opening with a network key" : "mesh opening";
  Deno.test(`the example "${name}" is made anew from mesh.md`, () => {
    const [a, b] = [1, 4].map((value) => noise.identityKey(secret(value)));
    const [ownA, ownB] = [2, 5].map((value) => noise.handshakeKey(secret(value)));
    const common = { prologue: "sluice-mesh/1", psk };
    const A = new noise.Noise({ ...common, initiator: true, own: ownA, ephemeral: noise.handshakeKey(secret(3)) });
    const B = new noise.Noise({ ...common, initiator: false, own: ownB, ephemeral: noise.handshakeKey(secret(6)) });
    const expected = bytesOf("mesh.md", name);
    const first = A.write(Buffer.alloc(0));
    B.read(first);
    const second = B.write(mesh.proofOf(b, ownB.raw));
    equal(mesh.idOf(mesh.checkProof(A.read(second), A.remote)), mesh.idOf(b.raw));
    const third = A.write(mesh.proofOf(a, ownA.raw));
    mesh.checkProof(B.read(third), B.remote);
    const [keyA, keyB] = A.split();
    const made: Record<string, Buffer> = { "message 1": first, "message 2": second, "message 3": third };
    Object.assign(made, { "initiator's key": keyA, "responder's key": keyB });
    made.verdict = noise.encrypt(keyB, 0, Buffer.of(0));
    if (!psk) Object.assign(made, { "proof of A": mesh.proofOf(a, ownA.raw), "proof of B": mesh.proofOf(b, ownB.raw) });
    deepEqual(hexOf(made), hexOf(expected));
    for (const { raw } of [a, b]) match(protocolText("mesh.md"), new RegExp("`" + mesh.idOf(raw) + "`"));
  });
}

Deno.test("frames, seals, records and questions of mesh.md are made and read by its layouts", () => {
  const { "initiator's key": keyA, "responder's key": keyB } = bytesOf("mesh.md", "mesh opening");
  const call = bytesOf("mesh.md", "mesh call");
  const head = "\0shout\n1.0.0\nPOST\nhttp://shout/\n\n\n\ncontent-type: text/plain";
  equal(Buffer.concat([frame(1, 1, head), frame(3, 1, "hello", true)]).toString("hex"), call.frames.toString("hex"));
  deepEqual(noise.decrypt(keyA, 0, call.sent.subarray(2)), call.frames);
  deepEqual(noise.decrypt(keyB, 1, call["answer sent"].subarray(2)), call["answer frames"]);
  const [, body] = mesh.framesOf(call["answer frames"]);
  deepEqual([body.type, body.isLast, body.payload.toString()], [3, true, "HELLO"]);
  const next = noise.encrypt(keyA, 2n ** 64n - 1n, Buffer.alloc(32)).subarray(0, 32);
  deepEqual(noise.encrypt(next, 65_536, frame(8, 0)), call["number 65536"].subarray(2));
  const directory = bytesOf("mesh.md", "mesh directory");
  const { record } = directory;
  const signed = Buffer.concat([Buffer.from("sluice provider record 1\0"), record.subarray(0, -64)]);
  ok(noise.isSigned(noise.identityKey(secret(1)).raw, signed, record.subarray(-64)));
  deepEqual(createHash("sha256").update("sluice service\0shout").digest(), directory["place of shout"]);
  deepEqual(createHash("sha256").update(noise.identityKey(secret(1)).raw).digest(), directory["place of A"]);
  deepEqual(Buffer.concat([Buffer.of(2, 3), mesh.text8("shout")]), directory.question);
  deepEqual(directory.answer.subarray(13, 13 + record.length), record);
  const hello = [Buffer.of(0, 1, 1), mesh.text16("tcp://0.0.0.0:9000"), Buffer.of(1)];
  deepEqual(Buffer.concat([...hello, mesh.text16("tcp://127.0.0.1:9000")]), directory.hello);
  deepEqual(Buffer.concat([Buffer.of(1), mesh.text16("192.0.2.7")]), directory.welcome);
});

Deno.test("a node that was written from mesh.md calls a real one, and is called by it", async () => {
  const networkKey = new Uint8Array(secret(7));
  const shout = async (request: Request) => new Response((await request.text()).toUpperCase());
  await using node = await startNode({ listen: "127.0.0.1:0", networkKey, services: { "shout@1.0.0": shout } });
  const port = portOf(node.addresses[0]);
  await rejects(MeshPeer.dial(port), /ended the connection/);
  await using peer = await MeshPeer.dial(port, { psk: networkKey });
  equal(peer.remote, node.id);
  const found = await peer.ask(Buffer.concat([Buffer.of(2, 3), mesh.text8("shout")]));
  equal(found.readUInt16BE(9), 1);
  peer.send(frame(1, 1, "\0shout\n1.0.0\nPOST\nhttp://shout/\n\n\n"), frame(3, 1, "hello", true));
  const head = await peer.next("the head", ({ type }) => type === 2);
  match(head.payload.toString(), /^200\n\n/);
  const data = await peer.next("the body", ({ type }) => type === 3);
  deepEqual([data.payload.toString(), data.isLast], ["HELLO", true]);
  peer.send(frame(1, 3, "\0nobody\n\nGET\nhttp://nobody/\n\n\n", true));
  equal((await peer.next("no such service", ({ type }) => type === 5)).payload[0], 3);

  const record = mesh.recordOf(peer.identity, "ours", "1.0.0", Date.now());
  deepEqual((await peer.ask(Buffer.concat([Buffer.of(2, 4), record]))).subarray(9), Buffer.of(0, 0, 0));
  const answer = node.fetch("ours@^1", new Request("http://ours/y?z=1", { headers: { "x-q": "1" } }));
  const open = await peer.next("our call", ({ type }) => type === 1);
  deepEqual([open.stream, open.isLast], [2, true]);
  equal(open.payload.toString(), "\0ours\n1.0.0\nGET\nhttp://ours/y?z=1\n\n\n\nx-q: 1");
  peer.send(frame(2, 2, "201\nt\ntrailer: x-sum"), frame(3, 2, "hi"), frame(4, 2, "\nx-sum: 9", true));
  const response = await answer;
  deepEqual([response.status, await response.text()], [201, "hi"]);
  peer.send(frame(10, 0));
  await peer.next("its good-bye", ({ type }) => type === 10);
  await peer.closed;
});

Deno.test("a real node passes on between two that were written from it", async () => {
  await using node = await startNode({ listen: "127.0.0.1:0" });
  const port = portOf(node.addresses[0]);
  await using behind = await MeshPeer.dial(port);
  deepEqual(await behind.ask(Buffer.of(0, 1, 0, 0)), Buffer.concat([Buffer.of(1), mesh.text16("127.0.0.1")]));
  await using asker = await MeshPeer.dial(port);
  asker.send(frame(1, 1, Buffer.concat([Buffer.of(1), behind.identity.raw])), frame(3, 1, "ping"));
  const open = await behind.next("a link", ({ type }) => type === 1);
  deepEqual(open.payload, Buffer.of(1));
  equal((await behind.next("bytes", ({ type }) => type === 3)).payload.toString(), "ping");
  behind.send(frame(2, open.stream), frame(3, open.stream, "pong", true));
  equal((await asker.next("bytes", ({ type }) => type === 3)).payload.toString(), "pong");
  asker.send(frame(1, 3, Buffer.concat([Buffer.of(1), secret(9)])));
  equal((await asker.next("a refusal", ({ type, stream }) => type === 5 && stream === 3)).payload[0], 3);
});

Deno.test("the exchanges of loom.md are played against a loom", async () => {
  await using loom = await openMemoryLoom();
  await using server = await serveHttp(loom.fetch, { hostname: "127.0.0.1", port: 0 });
  const where = { host: "127.0.0.1", port: server.port };
  equal(await play("loom.md", "loom durable", where), 10);
  equal(await play("loom.md", "loom classic", where), 3);
});

Deno.test("the signature of the webhook in loom.md is one over what it says", () => {
  const lines = exampleOf("loom.md", "loom webhook");
  const [header, body, jwks] = lines.map((line) => line.slice(line.indexOf(": ") + 2));
  const [, seconds, kid, signature] = /^t=(\d+),kid=(\S+),ed25519=(\S+)$/.exec(header)!;
  const jwk: JsonWebKey & { kid: string } = JSON.parse(jwks).keys[0];
  const thumbprint = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x });
  equal(kid, `ds_${createHash("sha256").update(thumbprint).digest("base64url")}`);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  ok(verify(null, Buffer.from(`${seconds}.${body}`), key, Buffer.from(signature, "base64url")));
});

Deno.test("the exchanges of callback.md are played against a gateway's reply socket", async () => {
  await using callback = await listenCallback(waiting, { secret: true });
  const { answer, token } = await callback.ask();
  match(token, /^[\da-f-]{36}\.[\w-]{22}$/);
  const [, documented] = /urhttp\/([^?]+)/.exec(exampleOf("callback.md", "callback")[0])!;
  const [id] = documented.split(".");
  const edit = (text: string) => text.replaceAll(documented, token).replaceAll(id, token.split(".")[0]);
  equal(await play("callback.md", "callback", { socketPath: callback.socket }, edit), 4);
  const response = await answer;
  deepEqual([response.status, response.headers.get("x-job"), await response.text()], [201, "7", "done"]);
});

for (
  const [script, name, status, body] of [
    ["status.py", "program service", 418, "short and stout for Ada\n"],
    ["trailer.py", "program trailers", 200, "abc"],
  ] as const
) {
  Deno.test(`the bytes of the example "${name}" come from the runner, and are taken from anybody`, async () => {
    const said = exampleOf("program.md", name).map(unescaped).join("");
    await using folder = await makeFolder({ [script]: exampleOf("program.md", script).join("\n"), said });
    const args = ["-X", "utf8", runnerFile("python.py"), folder.file(script)];
    const env = { SLUICE_REQUEST: '{"params":{"name":"Ada"}}' };
    const python = findInterpreter(new Languages().named("python"))!;
    const { stdout } = await new Deno.Command(python, { args, env, stdin: "null" }).output();
    equal(new TextDecoder().decode(stdout), said);
    await using cat = program({ command: ["cat", folder.file("said")], mode: "cgi" });
    const response = await cat(new Request("http://localhost/"));
    deepEqual([response.status, await response.text()], [status, body]);
  });
}

Deno.test("a program has the variables that program.md says", async () => {
  await using env = program({ command: ["env"] });
  const fields = { "connection": "close", "content-length": "11", "content-type": "application/json" };
  const headers = { ...fields, "host": "127.0.0.1:3000", "x-request-id": "r1" };
  const asked = { method: "POST", body: '{"times":2}', headers };
  const request = new Request("http://127.0.0.1:3000/greet/me?name=Ada", asked);
  const remoteAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 } as const;
  const known = (line: string) => line.replace(/^(TRACEPARENT=00)-[\da-f]{32}-[\da-f]{16}-(01)$/, "$1 $2");
  const given = (await (await env(request, { remoteAddr })).text()).split("\n").map(known);
  for (const line of exampleOf("program.md", "program variables").map(known)) ok(given.includes(line), line);
});

for (const [file, expected] of Object.entries(bounds)) {
  Deno.test(`the bounds of ${file} are those of the code`, () =>
    deepEqual(Object.fromEntries(boundsOf(file)), expected));
}

Deno.test("frames, resets and refusals have the numbers and names that the texts give them", () => {
  const [meshText, loomText] = ["mesh.md", "loom.md"].map(protocolText);
  for (const [name, type] of Object.entries({ ...FrameType, ...ResetCode })) {
    match(meshText, new RegExp(`^\\| ${type} +\\| \`${name}\` `, "m"));
  }
  for (const code of Object.keys(STATUSES)) match(loomText, new RegExp("`" + code + "`"));
});
