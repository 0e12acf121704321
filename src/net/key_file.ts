/**
 * Files of keys: PEM, or the JSON in which npm's rsa-json and seaport keep theirs. An error names the file and says what
 * to do, and holds nothing of what stands in it: neither the text nor the words of a parser that may quote it.
 */

import { type KeyPair, keyPairFromPem, type PublicKey, publicKeyFromPem } from "./keys.ts";
import { readSecretFile, writeSecretFile } from "./secret_file.ts";

/** What stands in a file of keys. */
export interface KeyFile {
  /** The key pair, where there is a private key. */
  readonly pair?: KeyPair;
  /** All public keys, each once; that of the pair is the first. */
  readonly publicKeys: readonly PublicKey[];
  /** What the user should know: that others can read the private key. */
  readonly warning?: string;
}

/** Keys before it is known whether they are one file's worth. */
interface Found {
  readonly pairs: readonly KeyPair[];
  readonly publicKeys: readonly PublicKey[];
}

/** One block of a PEM file (RFC 7468): what it says it is, and all of its text. */
interface Block {
  readonly label: string;
  readonly text: string;
}

const ADVICE = "make one with `sluice keys new FILE`";

/** What is in blocks that we can't use, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  "ENCRYPTED PRIVATE KEY": "its key has a passphrase; take that off with `openssl pkey -in FILE -out NEW`",
  "OPENSSH PRIVATE KEY": `its key is in OpenSSH's own form; ${ADVICE}`,
  "EC PRIVATE KEY": `its key is of an elliptic curve other than Ed25519; ${ADVICE}`,
  "CERTIFICATE": "it holds a certificate; take the key out with `openssl x509 -in FILE -noout -pubkey`",
};

/**
 * Reads the keys in a file.
 *
 * @param path a file with PEM blocks, or JSON: `{"public": PEM, "private": PEM}`, or a list of public keys as PEM
 * @throws {Deno.errors.NotFound} and the like: it can't be read
 * @throws {TypeError} it holds no key, more than one private key, or one that can't be used
 */
export function readKeyFile(path: string): KeyFile {
  try {
    const { text, isShared } = readSecretFile(path);
    const { pairs, publicKeys } = /^\s*[{["]/.test(text) ? fromJson(text) : fromPem(text);
    if (pairs.length > 1) throw new TypeError("it holds more than one private key; keep each in a file of its own");
    const all = new Map([...pairs, ...publicKeys].map((key) => [key.id, key]));
    if (all.size === 0) throw new TypeError(`there is no key in it; ${ADVICE}`);
    const [pair] = pairs;
    const warning = pair && isShared ? `Others can read the private key in ${path}: chmod 600 it` : undefined;
    return { pair, publicKeys: [...all.values()], warning };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TypeError(`Cannot use the keys of ${path}: ${error.message}`);
  }
}

/**
 * Writes a private key as PEM of PKCS #8, which nobody but the user can read.
 *
 * @throws {Deno.errors.AlreadyExists} when there is a file of that name: a key is never written over
 *
 * @example Keep a key, and read it
 * ```ts
 * import { newKeyPair, readKeyFile, writeKeyFile } from "@sluice/sluice";
 *
 * const path = `${await Deno.makeTempDir()}/web.pem`;
 * const pair = newKeyPair();
 * writeKeyFile(path, pair);
 * console.log(readKeyFile(path).pair?.id === pair.id); // true
 * ```
 */
export function writeKeyFile(path: string, pair: KeyPair): void {
  writeSecretFile(path, pair.toPrivatePem());
}

function fromJson(text: string): Found {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TypeError("it looks like JSON and is none"); // the parser's words would quote it
  }
  if (Array.isArray(value)) return together(value.map(publicOnly));
  if (typeof value !== "object" || value === null) throw new TypeError(WRONG_JSON);
  const { public: publicPem, private: privatePem } = value as Record<string, unknown>;
  if (privatePem === undefined) return publicOnly(publicPem);
  const { pairs } = fromValue(privatePem);
  if (pairs.length !== 1) throw new TypeError('"private" holds no private key');
  const { publicKeys } = publicPem === undefined ? { publicKeys: [] } : publicOnly(publicPem);
  if (publicKeys.some(({ id }) => id !== pairs[0].id)) {
    throw new TypeError('"public" and "private" are not of the same key pair');
  }
  return { pairs, publicKeys };
}

const WRONG_JSON = 'its JSON is neither {"public": PEM, "private": PEM} nor a list of public keys as PEM';

function publicOnly(value: unknown): Found {
  const found = fromValue(value);
  if (found.pairs.length > 0) throw new TypeError("a private key stands where a public one belongs");
  return found;
}

function fromValue(value: unknown): Found {
  if (typeof value !== "string") throw new TypeError(WRONG_JSON);
  const found = fromPem(value);
  if (found.pairs.length + found.publicKeys.length === 0) throw new TypeError(WRONG_JSON);
  return found;
}

function fromPem(text: string): Found {
  return together(blocksOf(text).map(fromBlock));
}

function fromBlock({ label, text }: Block): Found {
  if (text.includes("\nProc-Type: 4,ENCRYPTED")) throw new TypeError(REFUSED["ENCRYPTED PRIVATE KEY"]);
  if (label === "PRIVATE KEY" || label === "RSA PRIVATE KEY") {
    return { pairs: [keyPairFromPem(text)], publicKeys: [] };
  }
  if (label === "PUBLIC KEY" || label === "RSA PUBLIC KEY") return { pairs: [], publicKeys: [publicKeyFromPem(text)] };
  throw new TypeError(REFUSED[label] ?? `it holds something other than keys; ${ADVICE}`);
}

function together(found: readonly Found[]): Found {
  return { pairs: found.flatMap(({ pairs }) => pairs), publicKeys: found.flatMap(({ publicKeys }) => publicKeys) };
}

/** The blocks of a PEM text; what stands between them is for people (RFC 7468 §2). */
function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let label: string | undefined;
  let lines: string[] = [];
  for (const line of text.split(/\r?\n/).map((line) => line.trim())) {
    const begin = /^-----BEGIN ([A-Z0-9 ]{1,64})-----$/.exec(line)?.[1];
    if (begin !== undefined) [label, lines] = [begin, []];
    if (label === undefined) continue;
    lines.push(line);
    if (line !== `-----END ${label}-----`) continue;
    blocks.push({ label, text: lines.join("\n") + "\n" });
    label = undefined;
  }
  if (label !== undefined) throw new TypeError("a key in it has no end; it was cut off");
  return blocks;
}
