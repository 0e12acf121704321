/** One subscription: what was asked for, its streams, and where it stands. */

import type { SubscriptionConfig } from "./subscription_request.ts";
import { describeLink, Links } from "./links.ts";
import { parsePattern } from "./pattern.ts";
import { idle, type WakeCycle, type WakeRules } from "./wake_cycle.ts";

/** What of a subscription never changes. */
export interface SubscriptionOrigin {
  readonly id: string;
  /** Unlike that of any other subscription that had or gets the same id. */
  readonly birth: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly config: SubscriptionConfig;
}

/** A subscription. */
export class Subscription implements SubscriptionOrigin {
  readonly id: string;
  readonly birth: string;
  readonly createdAt: number;
  readonly config: SubscriptionConfig;
  /** Its pattern, taken apart. */
  readonly segments: readonly string[] | undefined;
  readonly rules: WakeRules;
  readonly links = new Links();
  /** The URL of this server, as whoever made the subscription knows it: callbacks are told to come there. */
  base: string;
  cycle: WakeCycle = idle;
  /** False once it was deleted. */
  alive = true;

  /** @param base URL of this server, without a slash at its end */
  constructor(origin: SubscriptionOrigin, base: string) {
    this.id = origin.id;
    this.birth = origin.birth;
    this.createdAt = origin.createdAt;
    this.config = origin.config;
    this.base = base;
    this.segments = this.config.pattern === undefined ? undefined : parsePattern(this.config.pattern);
    this.rules = { type: this.config.type, leaseMs: this.config.leaseMs };
  }
}

/** Tells of a subscription. `signing` is what receivers need to verify a webhook. */
export function describeSubscription(subscription: Subscription, signing: Record<string, string>): unknown {
  const { id, createdAt, config, cycle, links } = subscription;
  return {
    id,
    subscription_id: id,
    type: config.type,
    pattern: config.pattern,
    streams: Array.from(links.values(), (link) => {
      const { path, link_type, acked_offset } = describeLink(link);
      return { path, link_type, acked_offset };
    }),
    webhook: config.webhookUrl === undefined ? undefined : { url: config.webhookUrl, signing },
    wake_stream: config.wakeStream,
    lease_ttl_ms: config.leaseMs,
    created_at: new Date(createdAt).toISOString(),
    status: cycle.wake?.phase === "retrying" ? "failed" : "active",
    description: config.description,
  };
}
