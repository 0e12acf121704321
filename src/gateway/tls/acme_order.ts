/** One certificate from order to chain (RFC 8555 §7.4). */

import { type Authorization, type Client, crypto as acmeCrypto, type Order } from "acme-client";
import { checkTlsPair, type TlsPair } from "../../http/tls.ts";
import { backoffMs, pause } from "../../net/backoff.ts";
import type { Challenges } from "./acme_challenges.ts";
import { AcmeError, type AcmeProblem, typeOf, wordsOf } from "./acme_error.ts";
import type { Exchange } from "./acme_exchange.ts";
import { uncoveredHosts } from "./certificate_facts.ts";

/** Pauses between questions how an order is getting on, where the authority names none. */
const POLL = { firstMs: 500, mostMs: 15_000 };

/** What an order is made with. */
export interface OrderNeeds {
  readonly client: Client;
  readonly exchange: Exchange;
  readonly challenges: Challenges;
}

/**
 * Orders a certificate with a key of its own. To be called within the exchange.
 *
 * @throws {AcmeError} the authority refuses
 */
export async function orderCertificate(hosts: readonly string[], needs: OrderNeeds): Promise<TlsPair> {
  const { client } = needs;
  const identifiers = hosts.map((value) => ({ type: "dns", value }));
  const ready = await proveHosts(await client.createOrder({ identifiers }), needs);
  const key = String(await acmeCrypto.createPrivateEcdsaKey("P-256"));
  const [, request] = await acmeCrypto.createCsr({ altNames: [...hosts] }, key);
  const done = await settle(await client.finalizeOrder(ready, request), ["ready", "processing"], needs);
  const pair = { cert: await client.getCertificate(done), key };
  checkTlsPair(pair);
  if (uncoveredHosts(pair.cert, hosts).length > 0) {
    throw new AcmeError("The authority's certificate is for other hosts");
  }
  return pair;
}

/** Has the authority see that the hosts are ours, as far as it does not remember it. */
async function proveHosts(order: Order, needs: OrderNeeds): Promise<Order> {
  const { client, challenges } = needs;
  await using offered = new AsyncDisposableStack();
  for (const authorization of await client.getAuthorizations(order)) {
    if (authorization.status === "valid") continue;
    const challenge = challengeOf(authorization);
    const answer = await client.getChallengeKeyAuthorization(challenge);
    offered.use(await challenges.offer(challenge.token, answer));
    await client.completeChallenge(challenge);
  }
  return await settle(order, ["pending"], needs);
}

function challengeOf({ challenges, identifier }: Authorization): Authorization["challenges"][number] {
  const challenge = challenges.find(({ type }) => type === "http-01");
  if (challenge) return challenge;
  const offered = challenges.map(({ type }) => type).join(", ") || "none";
  throw new AcmeError(`The authority offers no http-01 for ${identifier.value}, but ${offered}`);
}

/** Asks how the order is getting on, until it has left some states. */
async function settle(order: Order, states: readonly Order["status"][], needs: OrderNeeds): Promise<Order> {
  const { client, exchange } = needs;
  let current = order;
  for (let asked = 0; states.includes(current.status); asked++) {
    await pause(Math.max(backoffMs(asked, POLL), exchange.retryAfterMs), exchange.signal);
    current = await client.getOrder(current);
  }
  if (current.status === "invalid") throw await refusalOf(current, client);
  return current;
}

/** Why an order has failed: that stands with its challenges, or with itself. */
async function refusalOf(order: Order, client: Client): Promise<AcmeError> {
  const authorizations = await client.getAuthorizations(order);
  const failed = authorizations.flatMap(({ identifier, challenges }) =>
    challenges.flatMap(({ error }) => error ? [{ host: identifier.value, problem: error as AcmeProblem }] : [])
  );
  if (failed.length === 0) return new AcmeError(wordsOf(order.error ?? {}), { type: typeOf(order.error ?? {}) });
  const words = failed.map(({ host, problem }) => `${host}: ${wordsOf(problem)}`).join("; ");
  return new AcmeError(words, { type: typeOf(failed[0].problem) });
}
