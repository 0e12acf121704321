/** What is said of servers, and of what stands at the top of a file, that can't be. */

import { deepEqual } from "node:assert/strict";
import { makeConfigFolder } from "./config_folder.ts";

/** A text, what is said of it (without the file's name where that is gateway.toml), and another name. */
type Wrong = readonly [text: string, faults: readonly string[], name?: string];
/** A route that runs a program. */
const running = (lines: string) => `[[routes]]\npath = "/x"\nrun = "hello.py"\n${lines}`;
/** What stands above a route. */
const server = (lines: string) => `${lines}\n[[routes]]\npath = "/x"\nrespond = "x"`;

const servers: readonly Wrong[] = [
  [server('listen = "localhost"'), ['1: listen: is "localhost", which is no address such as "127.0.0.1:8080"']],
  [server('listen = ["127.0.0.1:99999"]'), [
    '1: listen[0]: is "127.0.0.1:99999", which is no address such as "127.0.0.1:8080"',
  ]],
  [server('hosts = ["shop.example:80"]'), [
    '1: hosts[0]: is "shop.example:80", which is no name of a host such as "shop.example" or "*.example.com"',
  ]],
  [
    `hosts = ["a.example"]
[[routes]]
path = "/x"
respond = "x"
hosts = ["b.example"]`,
    ["5: routes[0].hosts: names b.example, which the server does not answer to: its hosts are a.example"],
  ],
  [
    server(`[admin]
listen = "0.0.0.0:9100"`),
    ['2: admin.listen: is "0.0.0.0:9100", which others reach: it is a loopback address such as "127.0.0.1:9100", or unix:/path'],
  ],
  [
    server(`listen = ":9100"
[admin]
listen = "127.0.0.1:9100"`),
    ["3: admin.listen: is 127.0.0.1:9100, where the server at the top of the file listens"],
  ],
  [server("tls = { acme = true }"), [
    "1: tls: has acme without hosts: an authority signs for names",
    '1: tls: has acme without redirectHttp: the authority asks there, such as at "0.0.0.0:80"',
  ]],
  [server('hosts = "a.example"\nredirectHttp = ":80"\ntls = { acme = true, challenge = "tls-alpn-01" }'), [
    "3: tls.challenge: is no setting: known are cert, key, selfSigned, acme, email, directory, dir, renewBefore, caCert",
  ]],
  [
    server(`hosts = "*.a.example"
redirectHttp = ":80"
tls = { acme = true }`),
    ["3: tls: has acme for *.a.example, which no challenge of a server's can show to be ours: name each host"],
  ],
  [server('tls = { cert = "cert.pem" }'), ["1: tls: has cert without key"]],
  [server('tls = { cert = "nope.pem", key = "key.pem" }'), ["1: tls.cert: names nope.pem, which is not there"]],
  [server('tls = { cert = "cert.pem", key = "key.pem", acme = true }'), [
    "1: tls: says several ways to a certificate: keep cert and key, selfSigned or acme",
  ]],
  [server('tls = { selfSigned = true, email = "a@b" }'), ["1: tls.email: has no effect beside selfSigned"]],
  [server("tls = { selfSigned = false }"), [
    "1: tls: says no way to a certificate: give cert and key, selfSigned = true, or acme = true",
  ]],
  [server('redirectHttp = ":80"'), ["1: redirectHttp: has no effect without tls"]],
  [
    server(`tls = { selfSigned = true }
redirectHttp = ":8080"`),
    ["2: redirectHttp: is 127.0.0.1:8080, where the server at the top of the file listens"],
  ],
  [server('connections = { keepAlive = 0, headerTimeout = "0s" }'), ["1: connections.keepAlive: is 0: 1 is the least"]],
  [running('maxHeader = "1m"'), [
    "4: routes[0].maxHeader: is more than the 65536 bytes of connections.maxHeader, which are looked at first",
  ]],
  [
    `[[servers]]
listen = ":1"
routes = [{path="/", respond="x"}]
[[servers]]
listen = ":1"
routes = [{path="/", respond="x"}]`,
    ["4: servers[1].hosts: is needed: servers[0], line 1 answers at 127.0.0.1:1 to all names too"],
  ],
  [
    `[[servers]]
listen = ":1"
hosts = "a"
routes = [{path="/", respond="x"}]
[[servers]]
listen = ":1"
hosts = ["b", "a"]
routes = [{path="/", respond="x"}]`,
    ["7: servers[1].hosts: names a, to which servers[0], line 1 answers at 127.0.0.1:1 too"],
  ],
  [
    `[[servers]]
listen = ":1"
hosts = "a"
routes = [{path="/", respond="x"}]
[[servers]]
listen = ":1"
hosts = ["b"]
tls = {selfSigned = true}
routes = [{path="/", respond="x"}]`,
    ["6: servers[1].listen: shares 127.0.0.1:1 with servers[0], line 1: with both tls and plain HTTP it can't be"],
  ],
  [
    `listen = ":1"
[[servers]]
listen = ":2"
routes = [{path="/", respond="x"}]`,
    ["1: listen: has no effect: there are no routes beside it, only those of [[servers]]"],
  ],
  [
    `[[servers]]
listen = ":1"`,
    ["1: servers[0]: has no routes: add [[routes]] or [openapi]"],
  ],
  [
    server(`[reply]
secret = true`),
    ["1: reply: has no effect: no route has reply"],
  ],
  [
    `[reply]
socket = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
[[routes]]
path = "/x"
run = "hello.py"
reply = true`,
    ["2: reply.socket: is 121 bytes long (/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa): a socket's path has at most 103"],
  ],
  [
    server(`[registry]
hubs = ["nope"]`),
    ['2: registry.hubs[0]: is "nope", which is no address such as "127.0.0.1:8080"'],
  ],
  [
    `[openapi]
document = "nope.yaml"`,
    ["2: openapi.document: names nope.yaml, which is not there"],
  ],
  [
    `[openapi]
document = "petstore.yaml"
[openapi.operations.addPet]
run = "./add.py"
timeot = 1`,
    ['5: openapi.operations.addPet.timeot: is no setting; did you mean "timeout"?'],
  ],
  [
    `[openapi]
document = "petstore.yaml"
base = "v1"
[openapi.operations."POST /pet"]
run = "./add.py"
[openapi.operations.x]
runn="y"`,
    ['7: openapi.operations.x.runn: is no setting; did you mean "run"?'],
  ],
  [
    `[openapi]
document = "petstore.yaml"
[openapi.operations.x]
static="public"`,
    ["4: openapi.operations.x.static: names a folder, which answers all paths below one: an operation has one path"],
  ],
];

Deno.test("a server that can't be is told with its line and key", () => check(servers));

async function check(wrong: readonly Wrong[]): Promise<void> {
  await using folder = await makeConfigFolder();
  for (const [text, faults, name] of wrong) {
    deepEqual(folder.faults(text, name).map((line) => line.replace("gateway.toml:", "")), faults, text);
  }
}
