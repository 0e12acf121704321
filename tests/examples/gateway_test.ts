/** The file of routes in examples/gateway, served by the command line. */

import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { type Folder, makeFolder } from "../support/folder.ts";
import { serve, type Served } from "../support/serve.ts";
import { until } from "../support/within.ts";

const example = fileURLToPath(new URL("../../examples/gateway", import.meta.url));

/** A copy of the example, whose addresses are free ones. */
async function copyExample(upstream: number): Promise<Folder> {
  const folder = await makeFolder();
  await copyFolder(example, folder.path);
  const text = await Deno.readTextFile(folder.file("sluice.toml"));
  const moved = text.replace('127.0.0.1:8080"', '127.0.0.1:0"').replace("127.0.0.1:9100", "127.0.0.1:0")
    .replace('127.0.0.1:9000"', `127.0.0.1:${upstream}"`);
  await Deno.writeTextFile(folder.file("sluice.toml"), moved);
  return folder;
}

async function copyFolder(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (name === "streams") continue; // of somebody who tried it
    const [source, target] = [join(from, name), join(to, name)];
    if (!isDirectory) await Deno.copyFile(source, target);
    else {
      await Deno.mkdir(target);
      await copyFolder(source, target);
    }
  }
}

/** Serves the example, with a server behind it that says what it was asked for. */
async function served(work: (url: string, gateway: Served) => Promise<void>): Promise<void> {
  await using upstream = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return new Response(`${request.method} ${new URL(request.url).pathname}`);
  });
  await using folder = await copyExample(upstream.addr.port);
  await using gateway = await serve(["-c", folder.file("sluice.toml")], { command: ["gateway"] });
  await work(gateway.url, gateway);
}

Deno.test("the example with a file of routes answers with a script that cron ran, and tells what it used", async () => {
  await served(async (url) => {
    const response = await fetch(`${url}/sales/apples`);
    equal(await response.text(), "8 apples\n");
    match(response.headers.get("server-timing")!, /^user;dur=/);
    equal(await (await fetch(`${url}/sales/$(id)`)).text(), "0 $(id)\n");
  });
});

Deno.test("the example with a file of routes joins programs, and waits for a job that replies later", async () => {
  await served(async (url) => {
    const shouted = await fetch(`${url}/shout`, { method: "POST", body: "one\ntwo\n" });
    equal(await shouted.text(), "ONE!\nTWO!\n");
    const job = await fetch(`${url}/jobs/7`, { method: "POST" });
    deepEqual([job.status, await job.text()], [201, "job 7 is done"]);
  });
});

Deno.test("the example with a file of routes serves files, streams and another server", async () => {
  await served(async (url) => {
    const page = await fetch(url);
    match(await page.text(), /Sales/);
    equal(page.headers.get("cache-control"), "max-age=60");
    const stream = await fetch(`${url}/streams/stream/now`, { method: "POST", body: "12:00\n" });
    equal(stream.status, 201);
    await stream.body?.cancel();
    equal(await (await fetch(`${url}/streams/stream/now`)).text(), "12:00\n");
    const refused = await fetch(`${url}/api/things`);
    equal(refused.status, 401);
    await refused.body?.cancel();
    const passed = await fetch(`${url}/api/things`, { headers: { authorization: "Bearer sesame" } });
    equal(await passed.text(), "GET /things");
  });
});

Deno.test("the example with a file of routes shows its operator what it did", async () => {
  await served(async (url, gateway) => {
    const [, admin] = await gateway.said(/the operator asks at (\S+)\n/);
    const response = await fetch(`${url}/sales/pears`);
    equal(await response.text(), "4 pears\n");
    const metrics = async () => await (await fetch(`${admin}/metrics`)).text();
    const line = 'sluice_requests_total{route="GET /sales/:item",method="GET",status="200"} 1';
    await until("the request is counted", async () => (await metrics()).includes(line));
    const id = response.headers.get("x-request-id");
    const [process] = await (await fetch(`${admin}/_sluice/processes/${id}`)).json();
    deepEqual([process.exit, process.stdoutBytes], [{ code: 0, signal: null }, 8]);
    equal(await (await fetch(`${admin}/ready`)).text(), '{"status":"ready"}\n');
  });
});
