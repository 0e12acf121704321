/** `sluice keys`: what it writes, what it prints, and that the private key is seen nowhere but in its file. */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { nodeIdOfKey } from "../../src/mesh/identity.ts";
import { readKeyFile } from "../../src/net/key_file.ts";
import { readNetworkKey } from "../../src/net/network_key.ts";
import { makeFolder } from "../support/folder.ts";
import { runCli } from "../support/serve.ts";

/** Fails when a text holds a piece of a private key in PEM. */
function holdsNothingOf(privatePem: string, text: string): void {
  const letters = privatePem.replace(/-----[^-]+-----|\s/g, "");
  for (let at = 32; at + 16 <= letters.length; at++) {
    ok(!text.includes(letters.slice(at, at + 16)), "it shows a secret");
  }
}

for (const type of ["ed25519", "rsa"]) {
  Deno.test(`keys new writes a private ${type} key for the user alone, and prints the public one`, async () => {
    await using folder = await makeFolder();
    const file = folder.file("web.pem");
    const { code, stdout, stderr } = await runCli(["keys", "new", file, "--type", type]);
    equal(code, 0, stderr);
    equal(Deno.statSync(file).mode! & 0o777, 0o600);
    const { pair, warning } = readKeyFile(file);
    equal(warning, undefined);
    equal(stdout, pair!.publicPem);
    const node = type === "ed25519" ? `, as a node ${nodeIdOfKey(pair!)}` : "";
    equal(stderr, `sluice keys new: ${pair!.id} (${type})${node}, kept in ${file}\n`);
    holdsNothingOf(Deno.readTextFileSync(file), stdout.replace(pair!.publicPem, "") + stderr);
    if (type === "ed25519") holdsNothingOf(Deno.readTextFileSync(file), stdout);
  });
}

Deno.test("keys new makes an Ed25519 key by itself, and never writes over a file", async () => {
  await using folder = await makeFolder({ "taken.pem": "precious" });
  const made = await runCli(["keys", "new", folder.file("a.pem")]);
  match(made.stderr, / \(ed25519\), as a node [a-z2-7]{52}, kept in /);
  const { code, stdout, stderr } = await runCli(["keys", "new", folder.file("taken.pem")]);
  deepEqual([code, stdout], [1, ""]);
  match(stderr, /^sluice: Cannot write .*taken\.pem: it is there already; take another name, or remove it\n$/);
  equal(Deno.readTextFileSync(folder.file("taken.pem")), "precious");
});

Deno.test("keys show prints the public key, and as JSON its id and type too", async () => {
  await using folder = await makeFolder();
  const file = folder.file("web.pem");
  const made = await runCli(["keys", "new", file]);
  const shown = await runCli(["keys", "show", file]);
  const pair = readKeyFile(file).pair!;
  const [{ id }, node] = [pair, nodeIdOfKey(pair)];
  deepEqual(shown, { code: 0, stdout: made.stdout, stderr: `sluice keys show: ${id} (ed25519), as a node ${node}\n` });
  const { code, stdout, stderr } = await runCli(["keys", "show", "--json", file]);
  deepEqual([code, stderr], [0, ""]);
  deepEqual(JSON.parse(stdout), { id, type: "ed25519", node, public: made.stdout });
  // What is printed is a key file as well.
  Deno.writeTextFileSync(folder.file("web.pub.pem"), made.stdout);
  equal((await runCli(["keys", "show", folder.file("web.pub.pem")])).stdout, made.stdout);
});

Deno.test("keys show warns of a private key that others can read", async () => {
  await using folder = await makeFolder();
  const file = folder.file("web.pem");
  await runCli(["keys", "new", file]);
  Deno.chmodSync(file, 0o644);
  const { code, stderr } = await runCli(["keys", "show", file]);
  equal(code, 0);
  match(stderr, /^sluice keys show: Others can read the private key in .*web\.pem: chmod 600 it$/m);
});

Deno.test("keys network writes a key that nodes share for the user alone, prints nothing of it, and writes over nothing", async () => {
  await using folder = await makeFolder();
  const file = folder.file("network.key");
  const { code, stdout, stderr } = await runCli(["keys", "network", file]);
  deepEqual([code, stdout], [0, ""], stderr);
  equal(Deno.statSync(file).mode! & 0o777, 0o600);
  const [secret, { key }] = [Deno.readTextFileSync(file), readNetworkKey(file)];
  match(
    stderr,
    /^sluice keys network: kept in .*network\.key; copy it to each node, by a way that nobody listens to\n$/,
  );
  ok(!stderr.includes(secret.trim()));
  const again = await runCli(["keys", "network", file]);
  deepEqual([again.code, again.stdout], [1, ""]);
  match(again.stderr, /^sluice: Cannot write .*network\.key: it is there already; take another name, or remove it\n$/);
  deepEqual(readNetworkKey(file).key, key);
});

Deno.test("a key file that can't be used ends with 1 and one line that shows nothing of it", async () => {
  const weak = generateKeyPairSync("rsa", { modulusLength: 1072 });
  const weakPem = weak.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const weakPublic = weak.publicKey.export({ type: "pkcs1", format: "pem" }).toString();
  const [, second] = weakPem.split("\n");
  await using folder = await makeFolder({
    "weak.json": JSON.stringify({ public: weakPublic, private: weakPem }),
    "broken.json": JSON.stringify({ private: weakPem }).slice(0, -1),
    "cut.pem": weakPem.slice(0, 300),
    "damaged.pem": weakPem.replace(second, second.toLowerCase()),
  });
  for (const name of [...folder.names(), "missing.pem"]) {
    const { code, stdout, stderr } = await runCli(["keys", "show", folder.file(name)]);
    deepEqual([code, stdout], [1, ""], stderr);
    match(stderr, /^sluice: [^\n]+\n$/);
    ok(stderr.includes(name), stderr);
    holdsNothingOf(weakPem, stderr);
  }
  const { stderr } = await runCli(["keys", "show", folder.file("weak.json")]);
  match(stderr, /1072 bits can be factored: 2048 to 4096 are needed; make a new one with `sluice keys new`/);
});

Deno.test("keys in the wrong usage ends with 2, and its help with 0", async () => {
  const wrong: [args: string[], message: RegExp][] = [
    [["keys"], /Usage: sluice keys/],
    [["keys", "old"], /unknown command 'old'/],
    [["keys", "new"], /missing required argument 'file'/],
    [["keys", "new", "x.pem", "--type", "dsa"], /Allowed choices are ed25519, rsa/],
    [["keys", "network"], /missing required argument 'file'/],
    [["keys", "show"], /missing required argument 'file'/],
    [["keys", "show", "a", "b"], /too many arguments/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await runCli(args);
    deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
    match(stderr, message);
  }
  for (const args of [["keys", "-h"], ["keys", "new", "--help"], ["keys", "show", "-h"], ["keys", "network", "-h"]]) {
    const { code, stdout, stderr } = await runCli(args);
    deepEqual([code, stderr], [0, ""]);
    match(stdout, /^Usage: sluice keys/);
  }
});
