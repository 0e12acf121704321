/**
 * Subscriptions of the Durable Streams protocol (§6 and §7): whoever subscribes is woken when streams have something new,
 * by a webhook or by an event in a stream, works under a lease, and acknowledges how far it has come. Costs one look-up
 * an append, and a stored document for each acknowledgement.
 */

import type { Handler } from "../../http/handler.ts";
import { limits } from "../../limits.ts";
import { type Log, silent } from "../../log.ts";
import type { StreamStore } from "../stream_store.ts";
import { type AnnounceContext, CONTROL_PATH } from "./announce.ts";
import { TOKEN_KEY_BYTES, writeToken } from "./callback_token.ts";
import { type ControlRoute, readRoute, type WorkKind } from "./control_route.ts";
import { readJson } from "./json_body.ts";
import type { SubscriptionKeeper } from "./keeper.ts";
import { Ledger } from "./ledger.ts";
import { describeLink } from "./links.ts";
import { type Post, post } from "./post.ts";
import { restore } from "./restore.ts";
import { describeSubscription, type Subscription } from "./subscription.ts";
import { jsonAnswer, refusal, SubscriptionError } from "./subscription_error.ts";
import { readReport, readStreams, readSubscription, readWorker } from "./subscription_request.ts";
import { Subscriptions } from "./subscriptions.ts";
import { SubscriptionTable } from "./subscription_table.ts";
import { Waker } from "./waker.ts";
import { checkWebhookUrl } from "./webhook_url.ts";
import { makeSigningKey, WebhookSigner } from "./webhook_signer.ts";

/** Options of {@linkcode subscriptionHandler}. */
export interface SubscriptionOptions {
  /** The streams. It has to outlive the handler. */
  readonly store: StreamStore;
  /** Where subscriptions are kept. */
  readonly keeper: SubscriptionKeeper;
  /** URL under which clients and webhooks reach this server, or how to tell it from a request. Default: the request's. */
  readonly baseUrl?: string | ((request: Request) => string);
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number;
  /** Sends requests to webhooks. Default: over a connection to an address that was checked. */
  readonly post?: Post;
  readonly log?: Log;
  /** Allows webhooks over http and in private networks. Default: only https to public hosts, and http to this machine. */
  readonly allowInsecureWebhooks?: boolean;
  /** Allows webhooks on this machine, over http. Default: true; not for a server that strangers reach. */
  readonly localWebhooks?: boolean;
}

/** Answers all paths below `/v1/stream/__ds/`; to be disposed before the store is closed. */
export type SubscriptionHandler = Handler & AsyncDisposable;

/** Takes up the subscriptions that are kept, and answers requests for them. */
export async function subscriptionHandler(options: SubscriptionOptions): Promise<SubscriptionHandler> {
  const { store, keeper, clock = Date.now, log = silent, allowInsecureWebhooks: insecureWebhooks = false } = options;
  const { localWebhooks = true } = options;
  const tokenKey = await keeper.secret("wake-tokens", makeTokenKey);
  const signer = await WebhookSigner.from(await keeper.secret("webhook-signing", makeSigningKey));
  const ledger = new Ledger(keeper, log);
  const table = new SubscriptionTable(ledger, log);
  const context = { store, post: options.post ?? post, signer, tokenKey, clock, insecureWebhooks, localWebhooks, log };
  const waker = new Waker(context, ledger);
  const stopped = new AbortController();
  // Before they are brought back: no event may fall between the two.
  store.listen((event) => {
    for (const subscription of table.observe(event)) waker.consider(subscription);
  }, stopped.signal);
  try {
    await restore({ keeper, store, table, ledger, log });
  } catch (error) {
    stopped.abort();
    throw error;
  }
  for (const subscription of table.values()) waker.resume(subscription);
  const service = new Subscriptions({ store, table, ledger, waker, tokenKey, clock });
  const control = new Control(service, context, options.baseUrl ?? ((request) => new URL(request.url).origin));
  return Object.assign((request: Request) => control.answer(request), {
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await waker[Symbol.asyncDispose]();
      await ledger.flush().catch(() => {/* the ledger has said why */});
    },
  });
}

function makeTokenKey(): Promise<Uint8Array> {
  return Promise.resolve(crypto.getRandomValues(new Uint8Array(TOKEN_KEY_BYTES)));
}

const ALLOWED: Record<ControlRoute["kind"], string> = {
  keys: "GET",
  subscription: "GET, PUT, DELETE",
  streams: "POST",
  stream: "DELETE",
  callback: "POST",
  claim: "POST",
  ack: "POST",
  release: "POST",
};

/** Turns requests into calls and outcomes into answers. */
class Control {
  readonly #service: Subscriptions;
  readonly #context: AnnounceContext;
  readonly #baseUrl: string | ((request: Request) => string);

  constructor(service: Subscriptions, context: AnnounceContext, baseUrl: string | ((request: Request) => string)) {
    this.#service = service;
    this.#context = context;
    this.#baseUrl = baseUrl;
  }

  async answer(request: Request): Promise<Response> {
    try {
      const route = readRoute(new URL(request.url).pathname);
      if (ALLOWED[route.kind].split(", ").includes(request.method)) return await this.#perform(route, request);
      const error = new SubscriptionError("METHOD_NOT_ALLOWED", `This takes ${ALLOWED[route.kind]}`);
      return refusal(error, { allow: ALLOWED[route.kind] });
    } catch (error) {
      if (error instanceof SubscriptionError) return refusal(error);
      throw error;
    }
  }

  async #perform(route: ControlRoute, request: Request): Promise<Response> {
    switch (route.kind) {
      case "keys":
        return this.#keys();
      case "subscription":
        return await this.#subscription(route.id, request);
      case "streams":
        await this.#service.addStreams(route.id, readStreams(await readJson(request)));
        return done();
      case "stream":
        await this.#service.removeStream(route.id, route.path);
        return done();
      case "claim":
        return this.#claimed(await this.#service.claim(route.id, readWorker(await readJson(request))));
      default:
        return await this.#report(route.kind, route.id, request);
    }
  }

  #keys(): Response {
    return jsonAnswer(200, { keys: [this.#context.signer.jwk] }, {
      "content-type": "application/jwk-set+json",
      "cache-control": "public, max-age=300",
    });
  }

  async #subscription(id: string, request: Request): Promise<Response> {
    if (request.method === "DELETE") {
      await this.#service.delete(id);
      return done();
    }
    const base = this.#base(request);
    if (request.method === "GET") return jsonAnswer(200, this.#describe(this.#service.get(id), base));
    const asked = readSubscription(await readJson(request));
    const { insecureWebhooks, localWebhooks } = this.#context;
    if (asked.config.webhookUrl) checkWebhookUrl(asked.config.webhookUrl, insecureWebhooks, localWebhooks);
    const [subscription, created] = await this.#service.make(id, asked, base);
    return jsonAnswer(created ? 201 : 200, this.#describe(subscription, base));
  }

  #claimed(subscription: Subscription): Response {
    const { cycle, links, rules } = subscription;
    return jsonAnswer(200, {
      wake_id: cycle.wake?.id,
      generation: cycle.generation,
      token: writeToken(this.#context.tokenKey, subscription, cycle.generation),
      streams: Array.from(links.first(limits.wakeStreams), describeLink),
      lease_ttl_ms: rules.leaseMs,
    });
  }

  async #report(kind: Exclude<WorkKind, "claim">, id: string, request: Request): Promise<Response> {
    this.#service.get(id);
    const token = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) {
      throw new SubscriptionError("TOKEN_INVALID", "The token of the wake has to be in Authorization: Bearer");
    }
    const report = readReport(await readJson(request));
    if (kind === "release") {
      await this.#service.release(id, token, report);
      return done();
    }
    const nextWake = await this.#service.report(id, kind === "ack" ? "pull-wake" : "webhook", token, report);
    return jsonAnswer(200, { ok: true, next_wake: nextWake });
  }

  #describe(subscription: Subscription, base: string): unknown {
    const jwks_url = `${base}${CONTROL_PATH}jwks.json`;
    return describeSubscription(subscription, { alg: "ed25519", kid: this.#context.signer.jwk.kid, jwks_url });
  }

  #base(request: Request): string {
    const base = typeof this.#baseUrl === "string" ? this.#baseUrl : this.#baseUrl(request);
    return base.replace(/\/$/, "");
  }
}

function done(): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}
