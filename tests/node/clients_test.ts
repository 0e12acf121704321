/** The clients of streams and of registries on real Node.js, against servers of ours. */

import { deepEqual, equal } from "node:assert/strict";
import { readKeyFile } from "../../src/net/key_file.ts";
import type { Folder } from "../support/folder.ts";
import { nodeTest } from "../support/node_process.ts";
import { makeNodeProject, runNode } from "../support/node_script.ts";
import { connect, startHub } from "../support/registry_hub.ts";
import { serveStreams } from "../support/stream_server.ts";
import { until } from "../support/within.ts";

let project: Folder;
Deno.test.beforeAll(async () => void (project = await makeNodeProject()));
Deno.test.afterAll(async () => await project[Symbol.asyncDispose]());

nodeTest("a script writes a stream live, follows another to its end, and goes on where it was", async () => {
  await using server = await serveStreams();
  await server.store.create("theirs", { contentType: "text/plain" });
  const append = (text: string, end?: "closed") =>
    server.store.append("theirs", new TextEncoder().encode(text), { end });
  await append("first ");
  await using script = await runNode(
    project,
    `
    import { followStream, openProducer } from "@sluice/sluice";
    const url = process.argv[2];
    const producer = await openProducer({ url, id: "ours", contentType: "text/plain", metadata: { by: "node" } });
    let text = "", offset;
    const onOffset = (now) => offset = now;
    for await (const bytes of followStream({ url, id: "theirs", follow: false, onOffset })) text += Buffer.from(bytes);
    console.log("had " + text);
    for await (const bytes of followStream({ url, id: "theirs", from: offset })) {
      await producer.write(bytes);
      console.log("got " + Buffer.from(bytes));
    }
    await producer.close();
    console.log("stored " + producer.storedBytes);
    `,
    { args: [server.url] },
  );
  await script.said(/^had first $/m);
  await append("second ");
  await script.said(/^got second $/m);
  await append("third", "closed");
  await script.said(/^stored 12$/m);
  await script.code;
  const { end, metadata } = server.store.head("ours")!;
  deepEqual([await server.text("ours"), end, metadata], ["second third", "closed", { by: "node" }]);
});

nodeTest("what goes wrong with a stream has the same errors as ever", async () => {
  await using server = await serveStreams();
  await using script = await runNode(
    project,
    `
    import { followStream, openProducer, StreamClientError, StreamError } from "@sluice/sluice";
    const url = process.argv[2];
    const codeOf = (made) => made.then(() => "none", (error) => error.constructor.name + " " + error.code);
    console.log(await codeOf(followStream({ url, id: "none" }).next()));
    console.log(await codeOf(followStream({ url, id: "a/../b" }).next()));
    console.log(await codeOf(openProducer({ url: "http://127.0.0.1:1", id: "x", giveUpMs: 100 })));
    const producer = await openProducer({ url, id: "given up" });
    await producer[Symbol.asyncDispose]();
    `,
    { args: [server.url] },
  );
  await script.code;
  await script.said(/^StreamClientError not-found\nStreamError invalid\nStreamClientError unreachable$/m);
  equal(server.store.head("given up")?.end, "aborted");
});

nodeTest("a script registers a service, with a port of its own, and finds those of others", async () => {
  await using hub = await startHub();
  await using ours = await connect(hub);
  await ours.register("web@1.2.3", { port: 8080, zone: "eu" });
  await using script = await runNode(
    project,
    `
    import { createServer } from "node:http";
    import { connectRegistry, newKeyPair } from "@sluice/sluice";
    const client = connectRegistry(process.argv[2], { key: newKeyPair() });
    const [web] = await client.get("web@1.x");
    console.log("found " + web.port + " " + web.zone);
    const { port } = await client.register("api@2.0.0", { by: "node" });
    const server = createServer((_, response) => response.end("hello"));
    server.listen(port, "127.0.0.1", () => console.log("listens"));
    client.addEventListener("free", ({ detail }) => console.log("freed " + detail.role));
    process.stdin.on("end", async () => {
      server.close();
      await client.close();
    }).resume();
    `,
    { args: [hub.url!] },
  );
  await script.said(/^found 8080 eu$/m);
  await script.said(/^listens$/m);
  const [api] = await ours.get("api@^2");
  equal(api.by, "node");
  equal(await (await fetch(`http://${api.host}:${api.port}`)).text(), "hello");
  await ours.free(ours.query("web")[0]);
  await script.said(/^freed web$/m);
  await script.finish();
  await script.code;
  await until("its service is gone", () => ours.query("api").length === 0);
});

nodeTest("ports that are taken are not given, and one is not given twice", async () => {
  await using hub = await startHub();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await using script = await runNode(
    project,
    `
    import { connectRegistry } from "@sluice/sluice";
    const [url, port] = process.argv.slice(2);
    const client = connectRegistry(url);
    const range = [Number(port), Number(port)];
    console.log(await client.register("a", { range }).catch((error) => error.name + ": " + error.message));
    const two = [20000, 29999];
    const made = await Promise.all(Array.from({ length: 8 }, () => client.register("b", { range: two })));
    console.log("different " + new Set(made.map(({ port }) => port)).size);
    await client.close();
    `,
    { args: [hub.url!, String(port)] },
  );
  await script.code;
  await script.said(/^RangeError: Cannot find a free port from \d+ to \d+: all 1 are taken;.*\ndifferent 8$/m);
});

nodeTest("keys are written for the user alone, never over another, and read", async () => {
  await using script = await runNode(
    project,
    `
    import { newKeyPair, readKeyFile, readNetworkKey, writeKeyFile, writeNetworkKey } from "@sluice/sluice";
    const [path, other] = process.argv.slice(2);
    const pair = newKeyPair();
    writeKeyFile(path, pair);
    try {
      writeKeyFile(path, pair);
    } catch (error) {
      console.log(error.code + " " + error.message);
    }
    try {
      readKeyFile(path + ".none");
    } catch (error) {
      console.log(error.code);
    }
    writeNetworkKey(other);
    console.log("network " + readNetworkKey(other).key.length);
    console.log("id " + readKeyFile(path).pair.id);
    `,
    { args: [project.file("key.pem"), project.file("network.key")] },
  );
  await script.code;
  await script.said(/^EEXIST Cannot write .*key\.pem: it is there already; take another name, or remove it\nENOENT$/m);
  await script.said(/^network 32$/m);
  const { pair, warning } = readKeyFile(project.file("key.pem"));
  deepEqual([(await script.said(/^id (.*)$/m))[1], warning], [pair!.id, undefined]);
});

nodeTest("a log goes to standard error, and the names are those that the library for Deno has", async () => {
  await using script = await runNode(
    project,
    `
    import * as sluice from "@sluice/sluice";
    sluice.createLog({ format: "json" })("warn", "careful", { a: 1 });
    console.log("names " + Object.keys(sluice).join(" "));
    `,
  );
  await script.code;
  const [, names] = await script.said(/^names (.*)$/m);
  const library = await import("../../mod.ts") as Record<string, unknown>;
  deepEqual(names.split(" ").filter((name) => !(name in library)), []);
});
