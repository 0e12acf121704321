/** The address of a webhook: what can be told of it without asking for its name. */

import { isIP } from "node:net";
import { limits } from "../../limits.ts";
import { isWithin, type Reach } from "./addresses.ts";
import { SubscriptionError } from "./subscription_error.ts";

/** A webhook's address, and where requests to it may go. */
export interface WebhookTarget {
  readonly url: URL;
  /** What its name resolves to has to lie there, whenever it is asked for. */
  readonly reach: Reach;
}

/** Loopback as a URL writes it. */
const LOCAL_NAMES = new Set(["localhost", "localhost.", "[::1]"]);

/**
 * Checks a webhook's address: https to a public host, or http to this machine.
 *
 * @param insecure allows http and private hosts
 * @param local allows this machine
 * @throws {SubscriptionError} `WEBHOOK_URL_REJECTED`
 */
export function checkWebhookUrl(text: string, insecure: boolean, local = true): WebhookTarget {
  if (text.length > limits.webhookUrlBytes) {
    throw rejected(`webhook.url has ${text.length} characters, at most ${limits.webhookUrlBytes} are allowed`);
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw rejected("webhook.url is not a URL");
  if (url.protocol !== "https:" && url.protocol !== "http:") throw rejected("webhook.url has to begin with https://");
  if (url.username || url.password) throw rejected("webhook.url can't hold a user name or a password");
  if (insecure) return { url, reach: "any" };
  if (url.protocol === "http:" && !local) throw rejected("webhook.url has to begin with https://");
  return { url, reach: url.protocol === "http:" ? checkLocal(url) : checkPublic(url) };
}

function checkLocal({ hostname }: URL): Reach {
  if (LOCAL_NAMES.has(hostname) || isWithin(hostname, "loopback")) return "loopback";
  throw rejected("webhook.url has to begin with https://; http:// is for localhost, 127.0.0.0/8 and [::1] only");
}

function checkPublic({ hostname }: URL): Reach {
  if (/(^|\.)localhost\.?$/.test(hostname)) {
    throw rejected("A webhook on localhost is reached by http://, not https://");
  }
  const address = hostname.replace(/^\[|\]$/g, "");
  if (isIP(address) === 0 || isWithin(address, "public")) return "public";
  throw rejected("webhook.url leads to an address that is not public");
}

function rejected(message: string): SubscriptionError {
  return new SubscriptionError("WEBHOOK_URL_REJECTED", message);
}
