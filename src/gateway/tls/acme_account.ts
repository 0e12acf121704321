/** The account with an authority: a key, and the URL that the authority knows it by. A lost one is just opened anew. */

import { Client, crypto as acmeCrypto } from "acme-client";
import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import type { Log } from "../../log.ts";
import type { AcmeConfig } from "../config/model.ts";
import { AcmeError } from "./acme_error.ts";
import { fileNameFor, readBounded, setAside, writePrivateFile } from "./private_files.ts";

/** What is kept of an account. */
interface Account {
  /** PEM; it is told to nobody. */
  readonly key: string;
  /** Undefined until the authority has said. */
  readonly url: string | undefined;
}

/**
 * A client with an account that the authority knows. Opens one where there is none: who wrote the authority's directory
 * into the config has agreed to its terms. To be called within an exchange, by who holds the folder's lock.
 */
export async function accountClient(config: AcmeConfig, log: Log): Promise<Client> {
  const path = join(
    config.dir,
    `account-${await fileNameFor([new URL(config.directory).hostname], config.directory)}.json`,
  );
  const account = await readAccount(path, log) ?? await makeAccount(path);
  const client = clientOf(config, account);
  const contact = config.email === undefined ? {} : { contact: [`mailto:${config.email}`] };
  if (account.url !== undefined && await isKnown(client, contact)) return client;
  const fresh = clientOf(config, { ...account, url: undefined });
  await fresh.createAccount({ termsOfServiceAgreed: true, ...contact });
  await writeAccount(path, { ...account, url: fresh.getAccountUrl() });
  log("info", "Opened an account with the certificate authority, whose terms are agreed to by its use", {
    directory: config.directory,
    terms: await fresh.getTermsOfServiceUrl() ?? undefined,
  });
  return fresh;
}

function clientOf({ directory }: AcmeConfig, { key, url }: Account): Client {
  return new Client({ directoryUrl: directory, accountKey: key, accountUrl: url });
}

/** Asks for the account, and tells it the email: the authority may have lost it, or be another one at the same URL. */
async function isKnown(client: Client, contact: { readonly contact?: string[] }): Promise<boolean> {
  try {
    const { status } = await client.updateAccount({ ...contact });
    if (status === "valid") return true;
    throw new AcmeError(`The account is ${status}: remove its file in dir, and another is opened`);
  } catch (error) {
    if (error instanceof AcmeError && error.type === "accountDoesNotExist") return false;
    throw error;
  }
}

async function makeAccount(path: string): Promise<Account> {
  const key = String(await acmeCrypto.createPrivateEcdsaKey("P-256"));
  const account = { key, url: undefined };
  // Kept before the authority has seen it: who asks twice with one key gets one account.
  await writeAccount(path, account);
  return account;
}

async function writeAccount(path: string, account: Account): Promise<void> {
  await writePrivateFile(path, JSON.stringify(account) + "\n");
}

async function readAccount(path: string, log: Log): Promise<Account | undefined> {
  const text = await readBounded(path);
  if (text === undefined) return undefined;
  const account = parseAccount(text);
  if (account) return account;
  log("warn", "The account with the certificate authority is damaged: it is put aside, and another one opened", {
    file: `${path}.damaged`,
  });
  await setAside(path);
  return undefined;
}

function parseAccount(text: string): Account | undefined {
  try {
    const { key, url } = JSON.parse(text);
    createPrivateKey(key);
    return { key, url: typeof url === "string" ? url : undefined };
  } catch {
    return undefined; // the parser's words may quote the key
  }
}
