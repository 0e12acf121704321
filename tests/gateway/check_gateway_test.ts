/** What a check finds of all that a start would refuse, without a start. */

import { deepEqual, equal, rejects } from "node:assert/strict";
import { checkGateway } from "../../src/gateway/check_gateway.ts";
import { readConfig } from "../../src/gateway/config/read_config.ts";
import { serveGateway } from "../../src/gateway/serve_gateway.ts";
import { addFiles, QUIET, startGateway } from "../support/gateway.ts";
import { EC, makePair } from "../support/certificate.ts";
import { makeFolder } from "../support/folder.ts";

const DOCUMENT = `openapi: 3.0.3
info: { title: x, version: "1" }
paths:
  /pets/{id}:
    get:
      operationId: pet
      responses: { "200": { description: fine } }
`;

/** What is wrong with a file, a line each. */
async function faults(text: string, files: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  await using folder = await makeFolder({ "sluice.toml": text });
  await addFiles(folder, files);
  try {
    const { routes } = await checkGateway(folder.file("sluice.toml"));
    return [`${routes} routes`];
  } catch (error) {
    const lines = (error as Error).message.replaceAll(`${folder.path}/`, "").split("\n");
    await rejects(serveGateway(readConfig(folder.file("sluice.toml"))), "a start takes it");
    return lines;
  }
}

Deno.test("a check tells a wrong key, callbacks that can't be and what can't be run, all of them together", async () => {
  const [pair, other] = [await makePair(...EC), await makePair(...EC)];
  const text = `${QUIET}tls = { cert = "cert.pem", key = "key.pem" }
[[routes]]
path = "GET /mode"
chain = [{ file = "a.sh" }, { file = "bin.sh", language = "executable", mode = "service" }]
[[routes]]
path = "GET /code"
reply = true
command = ["bash", "-c", "echo {{jsonpayload}}"]
[[routes]]
path = "GET /fine"
respond = "x"
`;
  const files = { "cert.pem": pair.cert, "key.pem": other.key, "a.sh": "echo\n", "bin.sh": "#!/bin/sh\n" };
  deepEqual(await faults(text, files), [
    "Cannot serve TLS: the private key is not the one of the certificate (cert.pem, key.pem)",
    "Cannot make the route GET /mode: Cannot run executable in service mode: it has no runner; use plain or cgi",
    "Cannot make the route GET /code: Cannot put {{jsonpayload}} into code: bash might run the client's payload as " +
    '"echo {{jsonpayload}}"; take the channel stdin, env (SLUICE_PAYLOAD) or file, or make it an argument of a script of ' +
    "your own",
  ]);
});

Deno.test("a check tells routes that match the same as an operation of the document", async () => {
  const text = (path: string) =>
    `${QUIET}[[routes]]
path = "${path}"
respond = "x"
[openapi]
document = "pets.yaml"
operations.pet = { respond = "y" }
`;
  deepEqual(await faults(text("GET /pets/:name"), { "pets.yaml": DOCUMENT }), [
    "Cannot route GET /pets/{id}: it matches the same as GET /pets/:name; only one of them would answer",
  ]);
  equal((await faults(text("/pets/:name"), { "pets.yaml": DOCUMENT }))[0], "4 routes");
});

Deno.test("a proxy's clients have a rate each where the file says to trust it", async () => {
  const text = `${QUIET}trustForwarded = true\n[[routes]]\npath = "/"\nrespond = "x"\nrateLimit = "1/1m"\n`;
  await using server = await startGateway(text);
  const ask = async (client: string) => {
    const response = await fetch(server.url, { headers: { "x-forwarded-for": client } });
    await response.body?.cancel();
    return response.status;
  };
  const statuses = [await ask("10.0.0.1"), await ask("10.0.0.2"), await ask("x, 10.0.0.1")];
  await server.reload(text.replace("trustForwarded = true\n", ""));
  deepEqual([...statuses, await ask("10.0.0.1"), await ask("10.0.0.2")], [200, 200, 429, 200, 429]);
});
