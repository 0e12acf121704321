/** The shop of examples/shop, served as its file says. */

import { deepEqual, equal } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { freePort, releasePort } from "../../src/net/free_port.ts";
import { makeFolder } from "../support/folder.ts";
import { startCli } from "../support/live_cli.ts";
import { until } from "../support/within.ts";

const shop = fileURLToPath(new URL("../../examples/shop/", import.meta.url));
/** The ports that the file names. */
const PORTS = ["8080", "9100", "3060", "9090", "9000"];

Deno.test("the shop sells: five languages, a pipe, a stream, a registry and a mesh in one process", async () => {
  await using folder = await makeFolder();
  const ports = new Map<string, string>();
  for (const port of PORTS) ports.set(port, String(await freePort()));
  const renumbered = (text: string) => text.replace(/(?<=:|port = )(\d{4})\b/g, (port) => ports.get(port) ?? port);
  for (const { name } of Deno.readDirSync(shop)) {
    await Deno.copyFile(shop + name, folder.file(name));
    if (name === "sluice.toml") {
      await Deno.writeTextFile(folder.file(name), renumbered(await Deno.readTextFile(shop + name)));
    }
  }
  await using up = startCli(["up", "-c", folder.file("sluice.toml")]);
  await up.warned(/^sluice up: running gateway, loom, hub, node$/m);
  const url = `http://127.0.0.1:${ports.get("8080")}`;
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init);
    return [response.status, await response.text()];
  };
  const post = (path: string, body: string) => ask(path, { method: "POST", body });
  const order = (order: unknown) => {
    const headers = { "content-type": "application/json" };
    return ask("/orders", { method: "POST", headers, body: JSON.stringify(order) });
  };

  equal(JSON.parse(String((await ask("/products"))[1])).length, 3);
  deepEqual(await ask("/price/tea?count=3"), [200, "13.50\n"]);
  deepEqual(await ask("/price/gold"), [404, "nobody sells gold\n"]);
  deepEqual(await ask("/price/tea?count=0x1"), [400, "count is a whole number from 1\n"]);
  deepEqual(await order({ item: "tea", count: "3" }), [422, "an order has an item and a count\n"]);
  deepEqual(await order({ item: "tea", count: 3 }), [201, "ordered 3 tea\n"]);

  const live = await fetch(`${url}/orders`);
  const reader = live.body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  const readUntil = async (word: string) => {
    while (!seen.includes(word)) seen += (await reader.read()).value;
  };
  await readUntil('"item":"tea"');
  deepEqual(await order({ item: "salt", count: 1 }), [201, "ordered 1 salt\n"]);
  await readUntil('"item":"salt"');
  await reader.cancel();

  const [status, receipt] = await post("/receipt", "tea 3\nrice 1\n");
  equal(status, 200);
  equal(String(receipt).split("\n")[3], "| sum            15.70 |");
  deepEqual(await post("/label", "Ada Lovelace"), [200, "TO: ADA LOVELACE"]);

  equal((await ask("/stock/tea"))[0], 503, "nobody has registered for it");
  const hub = `127.0.0.1:${ports.get("9090")}`;
  await using stock = startCli(["registry", "register", hub, "stock@1.0.0", "--", "node", folder.file("stock.cjs")]);
  await stock.warned(/registered stock@1\.0\.0/);
  await until("stock answers", async () => (await ask("/stock/tea"))[0] === 200);
  deepEqual(await ask("/stock/tea"), [200, "12\n"]);
  deepEqual(await ask("/stock/gold"), [404, "unknown\n"]);

  for (const cli of [stock, up]) {
    cli.kill("SIGINT");
    equal(await cli.code, 0, cli.stderr);
  }
  for (const port of ports.values()) releasePort(Number(port));
});
