/** How a wake is told: by a signed request to a webhook, or as an event in a stream that workers follow. */

import { limits } from "../../limits.ts";
import type { Log } from "../../log.ts";
import type { StreamStore } from "../stream_store.ts";
import { writeToken } from "./callback_token.ts";
import { describeLink, type Link } from "./links.ts";
import type { Post } from "./post.ts";
import type { Subscription } from "./subscription.ts";
import type { Wake } from "./wake_cycle.ts";
import type { WebhookSigner } from "./webhook_signer.ts";
import { checkWebhookUrl } from "./webhook_url.ts";

/** Where streams ended when a wake told of them. */
export type Snapshot = readonly Pick<Link, "path" | "number" | "tail">[];

/** What came of it. */
export interface Announced {
  /** Set when it failed: why, for the log. */
  readonly failure?: string;
  /** The receiver has done all the work up to here. */
  readonly done?: Snapshot;
}

/** What announcing takes. */
export interface AnnounceContext {
  readonly store: StreamStore;
  readonly post: Post;
  readonly signer: WebhookSigner;
  readonly tokenKey: Uint8Array;
  readonly clock: () => number;
  readonly insecureWebhooks: boolean;
  readonly localWebhooks: boolean;
  readonly log: Log;
}

/** URL of the subscription API on this server. */
export const CONTROL_PATH = "/v1/stream/__ds/";

/** Tells of a wake. Failures are outcomes: it rejects only when something is wrong with the program. */
export async function announce(
  subscription: Subscription,
  wake: Wake,
  context: AnnounceContext,
  signal: AbortSignal,
): Promise<Announced> {
  try {
    if (subscription.config.type === "webhook") return await deliver(subscription, wake, context, signal);
    return await offer(subscription, context);
  } catch (thrown) {
    const error = signal.aborted ? signal.reason : thrown;
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

async function deliver(
  subscription: Subscription,
  wake: Wake,
  { post, signer, clock, tokenKey, insecureWebhooks, localWebhooks }: AnnounceContext,
  signal: AbortSignal,
): Promise<Announced> {
  // Checked again: what was allowed when it was stored may be so no longer.
  const target = checkWebhookUrl(subscription.config.webhookUrl!, insecureWebhooks, localWebhooks);
  const links = [...subscription.links.first(limits.wakeStreams)];
  const snapshot = links.map(({ path, number, tail }) => ({ path, number, tail }));
  const body = JSON.stringify({
    subscription_id: subscription.id,
    wake_id: wake.id,
    generation: subscription.cycle.generation,
    streams: links.map(describeLink),
    callback_url: `${subscription.base}${CONTROL_PATH}subscriptions/${encodeURIComponent(subscription.id)}/callback`,
    callback_token: writeToken(tokenKey, subscription, subscription.cycle.generation),
  });
  const signature = await signer.sign(body, clock());
  const headers = { "content-type": "application/json", "webhook-signature": signature };
  const answer = await post(target, headers, body, signal);
  if (answer.status < 200 || answer.status > 299) return { failure: `It answered ${answer.status}` };
  return isDone(answer.body) ? { done: snapshot } : {};
}

/** An answer that is no JSON is an answer all the same: the work goes on behind it. */
function isDone(body: string | undefined): boolean {
  try {
    return JSON.parse(body ?? "null")?.done === true;
  } catch {
    return false;
  }
}

const encoder = new TextEncoder();

async function offer(subscription: Subscription, { store, clock }: AnnounceContext): Promise<Announced> {
  const event = {
    type: "wake",
    subscription_id: subscription.id,
    stream: subscription.links.firstPending,
    generation: subscription.cycle.generation,
    ts: clock(),
  };
  await store.append(subscription.config.wakeStream!, encoder.encode(JSON.stringify(event) + "\n"));
  return {};
}
