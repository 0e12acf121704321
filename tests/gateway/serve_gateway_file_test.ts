/** The gateway as the library offers it. */

import { equal, match, rejects } from "node:assert/strict";
import { ConfigError } from "../../src/gateway/config/fault.ts";
import { serveGatewayFile } from "../../src/gateway/serve_gateway_file.ts";
import { libc } from "../../src/process/libc.ts";
import { makeFolder } from "../support/folder.ts";
import { until } from "../support/within.ts";

// It stays open as long as the process lives: opened here, no test is taken to have leaked it.
libc();

const fileOf = (text: string) =>
  `listen = "127.0.0.1:0"\naccessLog = "json"\n[[routes]]\npath = "/"\nrespond = "${text}"\n`;

const ask = async (url: string) => await (await fetch(url)).text();

Deno.test("a file is served, read again, and told of", async () => {
  await using folder = await makeFolder({ "sluice.toml": fileOf("one") });
  const accesses: string[] = [];
  const writeAccess = (line: string) => void accesses.push(line);
  await using gateway = await serveGatewayFile(folder.file("sluice.toml"), { writeAccess });
  const [url] = gateway.urls;
  equal(await ask(url), "one");
  await Deno.writeTextFile(folder.file("sluice.toml"), fileOf("two"));
  await gateway.reload();
  equal(await ask(url), "two");
  equal(gateway.urls[0], url);
  await until("both are told of", () => accesses.length === 2);
  equal(JSON.parse(accesses[0]).status, 200);
});

Deno.test("a file that is wrong is refused with all that is wrong, and changes nothing", async () => {
  await using folder = await makeFolder({ "sluice.toml": fileOf("one") });
  const path = folder.file("sluice.toml");
  await using gateway = await serveGatewayFile(path);
  await Deno.writeTextFile(path, `${fileOf("two").replace(/".*"/, "3")}color = "red"\n`);
  const isWrong = (error: unknown) => {
    match((error as ConfigError).message, /listen[^]*color/);
    return error instanceof ConfigError && error.faults.length === 2;
  };
  await rejects(gateway.reload(), isWrong);
  await rejects(serveGatewayFile(path), isWrong);
  equal(await ask(gateway.urls[0]), "one");
});

Deno.test("a signal closes it, and keeps it from being opened", async () => {
  await using folder = await makeFolder({ "sluice.toml": fileOf("one") });
  const stop = new AbortController();
  await using gateway = await serveGatewayFile(folder.file("sluice.toml"), { signal: stop.signal });
  const [url] = gateway.urls;
  equal(await ask(url), "one");
  stop.abort(new Error("enough"));
  await until("nobody listens", () => ask(url).then(() => false, () => true));
  await rejects(serveGatewayFile(folder.file("sluice.toml"), { signal: stop.signal }), /enough/);
});
