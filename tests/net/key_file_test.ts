import { Buffer } from "node:buffer";
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readKeyFile, writeKeyFile } from "../../src/net/key_file.ts";
import { newKeyPair } from "../../src/net/keys.ts";
import { makeFolder } from "../support/folder.ts";

const pair = newKeyPair();
const other = newKeyPair();
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const weak = generateKeyPairSync("rsa", { modulusLength: 1072 });
const curve = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** RSA as PKCS #1, as older tools write it. */
const pkcs1 = {
  public: rsa.publicKey.export({ type: "pkcs1", format: "pem" }).toString(),
  private: rsa.privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
};
const spki = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();

/** Private keys of all kinds; no run of 16 letters of theirs may ever be seen. */
const secrets = [
  pair.toPrivatePem(),
  other.toPrivatePem(),
  pkcs1.private,
  rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  weak.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  curve.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
];

/** Fails when an error, its cause or its stack holds a piece of a private key. */
function holdsNoSecret(error: unknown): void {
  const shown = Deno.inspect(error, { depth: 9, showHidden: true, strAbbreviateSize: Infinity });
  for (const secret of secrets) {
    const letters = secret.replace(/-----[^-]+-----|\s/g, "");
    // What all keys of a kind begin with is no secret.
    for (let at = 32; at + 16 <= letters.length; at++) {
      ok(!shown.includes(letters.slice(at, at + 16)), "a piece of a private key is in an error");
    }
  }
}

Deno.test("a key that was written is read again, and nobody else can read it", async () => {
  await using folder = await makeFolder();
  const path = folder.file("web.pem");
  writeKeyFile(path, pair);
  equal(Deno.statSync(path).mode! & 0o777, 0o600);
  const read = readKeyFile(path);
  equal(read.pair?.id, pair.id);
  deepEqual(read.publicKeys.map(({ id }) => id), [pair.id]);
  equal(read.warning, undefined);
});

Deno.test("a file that is there already is not written over", async () => {
  await using folder = await makeFolder({ "web.pem": "precious" });
  throws(() => writeKeyFile(folder.file("web.pem"), pair), {
    name: "AlreadyExists",
    message: /web\.pem: it is there already; take another name, or remove it$/,
  });
  equal(Deno.readTextFileSync(folder.file("web.pem")), "precious");
  throws(() => writeKeyFile(folder.file("no/such/folder.pem"), pair), Deno.errors.NotFound);
});

Deno.test("a private key that others can read is read, with a warning", async () => {
  await using folder = await makeFolder({ "web.pem": pair.toPrivatePem(), "open.pem": pair.publicPem });
  for (const mode of [0o640, 0o604, 0o620]) {
    Deno.chmodSync(folder.file("web.pem"), mode);
    match(
      readKeyFile(folder.file("web.pem")).warning!,
      /^Others can read the private key in .*web\.pem: chmod 600 it$/,
    );
  }
  Deno.chmodSync(folder.file("web.pem"), 0o400);
  equal(readKeyFile(folder.file("web.pem")).warning, undefined);
  equal(readKeyFile(folder.file("open.pem")).warning, undefined);
});

Deno.test("PEM of PKCS #8, PKCS #1 and SPKI is read, also several blocks with words between them", async () => {
  await using folder = await makeFolder({
    "private.pem": pkcs1.private,
    "public.pem": pkcs1.public,
    "spki.pem": spki,
    "windows.pem": pair.publicPem.replaceAll("\n", "\r\n"),
    "many.pem": `alice:\n${pair.publicPem}bob: -----\n\n${other.publicPem}${pkcs1.public}${spki}`,
    "both.pem": other.publicPem + pair.toPrivatePem() + pair.publicPem,
  });
  const { publicKeys: [{ id }] } = readKeyFile(folder.file("spki.pem"));
  equal(readKeyFile(folder.file("private.pem")).pair?.id, id);
  deepEqual(idsIn(folder.file("public.pem")), [id]);
  deepEqual(idsIn(folder.file("windows.pem")), [pair.id]);
  deepEqual(idsIn(folder.file("many.pem")), [pair.id, other.id, id]);
  deepEqual(idsIn(folder.file("both.pem")), [pair.id, other.id]);
  equal(readKeyFile(folder.file("many.pem")).pair, undefined);
});

Deno.test("the JSON of rsa-json and seaport is read: a pair, a public key, a list of public keys", async () => {
  await using folder = await makeFolder({
    "pair.json": JSON.stringify(pkcs1),
    "private.json": JSON.stringify({ private: pkcs1.private }),
    "public.json": JSON.stringify({ public: pkcs1.public }, null, 2),
    "list.json": "\n" + JSON.stringify([pkcs1.public, pair.publicPem, other.publicPem + pair.publicPem]),
  });
  const id = readKeyFile(folder.file("pair.json")).pair!.id;
  equal(readKeyFile(folder.file("private.json")).pair?.id, id);
  deepEqual(idsIn(folder.file("public.json")), [id]);
  deepEqual(idsIn(folder.file("list.json")), [id, pair.id, other.id]);
});

Deno.test("what can't be used is an error that names the file, says what to do and holds no secret", async () => {
  const privatePem = pair.toPrivatePem();
  const cases: Record<string, [content: string | Uint8Array, message: RegExp]> = {
    "empty.pem": ["", /there is no key in it; make one with `sluice keys new FILE`/],
    "words.txt": ["hello", /there is no key in it/],
    "binary.der": [Buffer.from(pair.spki, "base64"), /there is no key in it/],
    "cut.pem": [privatePem.slice(0, -20), /has no end; it was cut off/],
    "damaged.pem": [privatePem.replace("MC4CAQ", "MC4DAQ"), /The private key is damaged/],
    "mislabelled.pem": [privatePem.replaceAll("PRIVATE", "PUBLIC"), /The public key is damaged/],
    "two.pem": [privatePem + other.toPrivatePem(), /more than one private key; keep each in a file of its own/],
    "weak.pem": [
      secrets[4],
      /1072 bits can be factored: 2048 to 4096 are needed; make a new one with `sluice keys new`/,
    ],
    "weak.json": [
      JSON.stringify({ public: weak.publicKey.export({ type: "pkcs1", format: "pem" }) }),
      /1072 bits can be factored/,
    ],
    "curve.pem": [secrets[5], /type ec is of no use here/],
    "sec1.pem": [
      curve.privateKey.export({ type: "sec1", format: "pem" }) as string,
      /elliptic curve other than Ed25519/,
    ],
    "passphrase.pem": [
      privatePem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"),
      /passphrase; take that off with `openssl/,
    ],
    "old.pem": [
      pkcs1.private.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"),
      /passphrase/,
    ],
    "openssh": [privatePem.replaceAll("PRIVATE", "OPENSSH PRIVATE"), /OpenSSH's own form/],
    "tls.pem": [
      privatePem.replaceAll("PRIVATE KEY", "CERTIFICATE"),
      /certificate; take the key out with `openssl x509/,
    ],
    "other.pem": [privatePem.replaceAll("PRIVATE KEY", "PARAMETERS"), /something other than keys/],
    "broken.json": [`{"private": "${privatePem.replaceAll("\n", "\\n")}`, /looks like JSON and is none/],
    "raw.json": [`{"private": "${privatePem}"}`, /looks like JSON and is none/],
    "null.json": ["[null]", /is neither \{"public": PEM, "private": PEM\} nor a list/],
    "object.json": ["{}", /is neither/],
    "text.json": [JSON.stringify(privatePem), /is neither/],
    "nested.json": ['{"private": {"public": 1}}', /is neither/],
    "swapped.json": [JSON.stringify({ public: privatePem }), /a private key stands where a public one belongs/],
    "list.json": [JSON.stringify([pair.publicPem, privatePem]), /a private key stands where a public one belongs/],
    "public.json": [JSON.stringify({ private: pair.publicPem }), /"private" holds no private key/],
    "mixed.json": [
      JSON.stringify({ public: other.publicPem, private: privatePem }),
      /"public" and "private" are not of the same key pair/,
    ],
    "huge.pem": [pair.publicPem + "x".repeat(2 ** 20), /larger than 1048576 bytes/],
  };
  await using folder = await makeFolder(
    Object.fromEntries(Object.entries(cases).map(([name, [text]]) => [name, text])),
  );
  for (const [name, [, message]] of Object.entries(cases)) {
    throws(() => readKeyFile(folder.file(name)), (error: unknown) => {
      ok(error instanceof TypeError, name);
      match(error.message, message);
      ok(error.message.startsWith(`Cannot use the keys of ${folder.file(name)}: `), error.message);
      holdsNoSecret(error);
      return true;
    });
  }
});

Deno.test("a missing file and a folder are errors that name them", async () => {
  await using folder = await makeFolder();
  throws(() => readKeyFile(folder.file("missing.pem")), { name: "NotFound", message: /missing\.pem/ });
  throws(() => readKeyFile(folder.path), (error: Error) => error.message.includes(folder.path));
});

function idsIn(path: string): string[] {
  return readKeyFile(path).publicKeys.map(({ id }) => id);
}
