/** The examples of npm seaport's README, as they are there but for the port, at one of our hubs. */

import { deepEqual, equal, match } from "node:assert/strict";
import { newKeyPair } from "../../../src/net/keys.ts";
import type { Hub } from "../../../src/registry/hub/hub.ts";
import type { Rejection } from "../../../src/registry/hub/hub_events.ts";
import { type NodeProcess, nodeTest } from "../../support/node_process.ts";
import { connect, next, seen, startHub } from "../../support/registry_hub.ts";
import { startNode } from "../../support/seaport.ts";

const SERVER = `
var seaport = require('seaport');
var ports = seaport.connect('localhost', 9090);
var http = require('http');

var server = http.createServer(function (req, res) {
    res.end('beep boop\\r\\n');
});

server.listen(ports.register('web@1.2.3'));
`;

const CLIENT = `
var seaport = require('seaport');
var ports = seaport.connect(9090);
var request = require('request');

ports.get('web@1.2.x', function (ps) {
    var u = 'http://' + ps[0].host + ':' + ps[0].port;
    request(u).pipe(process.stdout);
});
`;

const routed = (version: string) => `
var seaport = require('seaport');
var ports = seaport.connect('localhost', 5001);
var http = require('http');

var server = http.createServer(function (req, res) {
    res.end('version ${version}\\r\\n');
});

server.listen(ports.register('http@${version}'));
`;

const KEYED_CLIENT = `
var seaport = require('seaport');
var ports = seaport.connect(9090);
var request = require('request');

ports.get('web@1.2.x', function (ps) {
    var u = 'http://' + ps[0].host + ':' + ps[0].port;
    var r = request(u);

    r.pipe(process.stdout);
    r.on('end', ports.close.bind(ports));
});
`;

const run = (hub: Hub, script: string) => startNode(script.replace(/9090|5001/, String(hub.seaportPort)));
const said = (client: NodeProcess) => client.said("beep boop", (output) => output === "beep boop\r\n" || undefined);

nodeTest("README: a client finds a server that registered before", async () => {
  await using hub = await startHub({ seaportPort: 0 });
  await using _server = await run(hub, SERVER);
  await seen(hub, "web", (services) => services.length === 1);
  await using client = await run(hub, CLIENT);
  await said(client);
});

nodeTest("README: a client finds a server that registers later", async () => {
  await using hub = await startHub({ seaportPort: 0 });
  const connected = next(hub, "connect");
  await using client = await run(hub, CLIENT);
  await connected;
  await using _server = await run(hub, SERVER);
  await said(client);
});

nodeTest("README: a router finds two servers by their versions", async () => {
  await using hub = await startHub({ seaportPort: 0 });
  await using _a = await run(hub, routed("0.0.0"));
  await using _b = await run(hub, routed("0.1.0"));
  for (const [range, version] of [["0.0.x", "0.0.0"], ["0.1.x", "0.1.0"]]) {
    const [service, ...more] = await hub.get(`http@${range}`);
    deepEqual([service.version, more], [version, []]);
    const response = await fetch(`http://${service.host}:${service.port}`);
    equal(await response.text(), `version ${version}\r\n`);
  }
});

nodeTest("README: where keys are authorized, lookups need none, and registrations do", async () => {
  const key = newKeyPair();
  await using hub = await startHub({ seaportPort: 0, authorized: [{ key }] });
  const rejected = next(hub, "reject");
  await using _server = await run(hub, SERVER);
  const { error }: Rejection = await rejected;
  equal(error.code, "unauthorized");
  match(error.message, /Cannot register/);
  deepEqual(hub.query("web"), []);
  await using client = await run(hub, KEYED_CLIENT);
  await using upstream = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("beep boop\r\n"),
  );
  await using ours = await connect(hub, { key });
  await ours.register("web@1.2.3", { port: upstream.addr.port });
  await said(client);
  await client.ended();
});

/** The wire of seaport with keys is RC4 under a key that node derives with MD5; OpenSSL 3 has neither any more. */
nodeTest("a seaport client with keys of its own is refused, and hurts nobody", async () => {
  await using hub = await startHub({ seaportPort: 0 });
  const rejected = next(hub, "reject");
  const script = `
    const { privateKey, publicKey } = require("crypto").generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
    });
    const ports = require("seaport").connect(9090, { private: privateKey, public: publicKey });
    ports.register("web@1.2.3");
  `;
  await using _client = await run(hub, script);
  equal((await rejected).error.code, "protocol");
  deepEqual(hub.query("web"), []);
});
