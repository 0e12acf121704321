/** The mesh as its users have it: a gateway, a server, and a laptop behind NAT, each a machine of its own. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { EC, makePair } from "../support/certificate.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import type { LiveCli } from "../support/live_cli.ts";
import { type Machine, Machines } from "../support/mesh/machines.ts";
import { until } from "../support/within.ts";

const RESIZE = "examples/mesh/resize.sh";

/** A gateway's file: any of the nodes, or one of them by its version. */
const gatewayFile = (address: string) =>
  `listen = "${address}:8443"
accessLog = "none"
tls = { cert = "cert.pem", key = "key.pem" }

[mesh]
listen = "${address}:9000"
networkKey = "network.key"

[[routes]]
path = "POST /resize"
service = "resize@^1"

[[routes]]
path = "POST /server"
service = "resize@1.2.0"

[[routes]]
path = "POST /laptop"
service = "resize@1.2.1"
`;

/** A picture of 64 by 32 pixels. */
async function picture(folder: Folder): Promise<string> {
  const pixels = new Uint8Array(64 * 32 * 3).map((_, i) => i * 7);
  const ppm = new Uint8Array([...new TextEncoder().encode("P6\n64 32\n255\n"), ...pixels]);
  await Deno.writeFile(folder.file("picture.ppm"), ppm);
  const { stdout } = await new Deno.Command("pnmtopng", { args: [folder.file("picture.ppm")] }).output();
  await Deno.writeFile(folder.file("picture.png"), stdout);
  return folder.file("picture.png");
}

/** Width and height of a PNG: the first words of its first chunk. */
function sizeOf(png: Uint8Array): [number, number] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return [view.getUint32(16), view.getUint32(20)];
}

/** Asks the gateway, by curl, on the machine itself. */
async function resized(machine: Machine, folder: Folder, path: string, ...more: string[]): Promise<[number, number]> {
  const png = await machine.run(
    ...["curl", "-sS", "--fail", "--cacert", folder.file("cert.pem"), "--max-time", "20", ...more],
    ...["--resolve", `localhost:8443:${machine.address}`, "-H", "content-type: image/png"],
    ...["--data-binary", `@${folder.file("picture.png")}`, `https://localhost:8443${path}`],
  );
  return sizeOf(png);
}

function works(machine: Machine, folder: Folder, path: string): Promise<void> {
  return until(`${path} is answered`, () => resized(machine, folder, path).then(() => true, () => false));
}

/** A node that scales pictures, on a machine. */
function resizer(machine: Machine, folder: Folder, version: string, ...args: string[]): LiveCli {
  const network = ["--network-key", folder.file("network.key"), "--type", "image/png"];
  return machine.cli("node", ...args, ...network, `resize@${version}=${RESIZE}`);
}

Deno.test("a script on a server and on a laptop behind NAT scales pictures for curl over HTTPS", async () => {
  await using folder = await makeFolder();
  await using machines = await Machines.make();
  const [gatewayMachine, serverMachine] = [await machines.add(), await machines.add()];
  const laptopMachine = await machines.addBehindNat();
  const { cert, key } = await makePair(...EC);
  await Deno.writeTextFile(folder.file("cert.pem"), cert);
  await Deno.writeTextFile(folder.file("key.pem"), key);
  await Deno.writeTextFile(folder.file("gateway.toml"), gatewayFile(gatewayMachine.address));
  await picture(folder);
  await using keys = gatewayMachine.cli("keys", "network", folder.file("network.key"));
  equal(await keys.code, 0, keys.stderr);

  await using gateway = gatewayMachine.cli("gateway", "-c", folder.file("gateway.toml"));
  await gateway.warned(/listening on https/);
  const join = ["--join", `${gatewayMachine.address}:9000`];
  const server = resizer(serverMachine, folder, "1.2.0", "--listen", `${serverMachine.address}:9000`, ...join);
  await using laptop = resizer(laptopMachine, folder, "1.2.1", ...join);
  const ask = (path: string, ...more: string[]) => resized(gatewayMachine, folder, path, ...more);
  await works(gatewayMachine, folder, "/server?width=16");
  await works(gatewayMachine, folder, "/laptop?width=16");
  deepEqual(await ask("/resize?width=16"), [16, 8]);
  deepEqual(await ask("/resize?width=32"), [32, 16]);

  // Under load the server dies: requests that may be sent twice are all answered. An answer that had begun can't be taken
  // back: whoever reads it sees that it was cut off. There are no more of these than were under way.
  let answered = 0;
  let cut = 0;
  const load = async () => {
    for (let i = 0; i < 10; i++) {
      const size = await ask("/resize?width=8", "-H", "idempotency-key: any").catch((error: Error) => {
        if (!error.message.includes("curl: (18)")) throw error;
        cut++;
      });
      if (size) deepEqual(size, [8, 4]);
      answered++;
    }
  };
  const loads = Promise.all([load(), load(), load()]);
  await until("the load has begun", () => answered > 3);
  server.kill("SIGKILL");
  await loads;
  ok(cut <= 3, `${cut} answers were cut off`);
  await server[Symbol.asyncDispose]();
  deepEqual(await ask("/laptop?width=16"), [16, 8]);

  // And is back.
  await using _again = resizer(serverMachine, folder, "1.2.0", "--listen", `${serverMachine.address}:9000`, ...join);
  await works(gatewayMachine, folder, "/server?width=16");
  ok(laptop.stderr.includes("joined"), laptop.stderr);
});
