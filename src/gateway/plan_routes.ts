/** From what a server's file says to routes that can be found, each with the way to make it. */

import type { RouteConfig, ServerConfig } from "./config/model.ts";
import type { GatewayContext } from "./context.ts";
import type { Wanted } from "./kept.ts";
import { LiveRoute } from "./live_route.ts";
import { clashesOf } from "./route_clashes.ts";
import { documentRoutes, type OpenedDocument } from "./document_routes.ts";
import { applyPolicy } from "./policy/apply_policy.ts";
import type { RouteMatch } from "./router/route_entry.ts";
import type { RoutePlan } from "./route_plan.ts";
import { makeTarget } from "./targets/make_target.ts";

/** A route that is not made yet. */
export interface PlannedRoute extends Wanted<LiveRoute> {
  readonly match: RouteMatch;
}

/**
 * Plans the routes of a server: its own first, then those of its OpenAPI document.
 */
export function planRoutes(
  server: ServerConfig,
  document: OpenedDocument | undefined,
  context: GatewayContext,
): PlannedRoute[] {
  return routePlans(server, document, context).map((plan) => planRoute(plan, server, context));
}

/**
 * The same before anything can be made of it.
 *
 * @throws {Error} naming routes that match the same: only one of them would answer
 */
export function routePlans(
  server: ServerConfig,
  document: OpenedDocument | undefined,
  context: Pick<GatewayContext, "log" | "dev">,
): RoutePlan[] {
  const own = server.routes.map((route) => ({ match: matchOf(route), policy: route.policy, target: route.target }));
  const described = document ? documentRoutes(document, context) : [];
  const plans = [...own, ...described];
  const clashes = clashesOf(plans.map(({ match }) => match));
  if (clashes.length === 0) return plans;
  throw new Error(
    clashes.map(([first, second]) => {
      return `Cannot route ${labelOf(second)}: it matches the same as ${labelOf(first)}; only one of them would answer`;
    }).join("\n"),
  );
}

function matchOf({ methods, path, hosts, headers, policy }: RouteConfig): RouteMatch {
  return { methods, path, hosts, headers, cors: policy.cors };
}

function planRoute(plan: RoutePlan, server: ServerConfig, context: GatewayContext): PlannedRoute {
  const { match, policy, target, before = (handler) => handler } = plan;
  const label = labelOf(match);
  const { trustForwarded } = server;
  return {
    match,
    key: keyOf(plan, label, trustForwarded, context),
    make: async () => {
      const held = new AsyncDisposableStack();
      try {
        const route = { label, path: match.path, trustForwarded };
        const answering = before(await makeTarget(target, { context, policy, route, held }));
        const handler = applyPolicy(answering, target.kind, policy, {
          log: context.log,
          dev: context.dev,
          label,
          trustForwarded,
          onWaiting: context.metrics.queue(label),
        });
        return new LiveRoute(label, handler, held);
      } catch (cause) {
        await held[Symbol.asyncDispose]();
        const output = (cause as { stderr?: string }).stderr;
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`Cannot make the route ${label}: ${why}${output ? `\n${output.trimEnd()}` : ""}`, { cause });
      }
    },
  };
}

/** All that a route is made of. */
function keyOf(
  { policy, target, beforeKey }: RoutePlan,
  label: string,
  trustForwarded: boolean,
  { dev, registry, reply }: GatewayContext,
): string {
  const made = JSON.stringify([label, policy, target, trustForwarded, beforeKey, dev]);
  const shared = [
    ...made.includes('"kind":"service"') ? [registry] : [],
    ...made.includes('"kind":"callback"') ? [reply] : [],
  ];
  return made + JSON.stringify(shared);
}

/** What a route is called: `GET,POST shop.example/orders/:id`. */
export function labelOf({ methods, hosts, path, headers }: RouteMatch): string {
  const method = methods.length > 0 ? methods.join(",") : "*";
  const fields = headers.map(({ name, value }) => ` ${name}=${value ?? "*"}`).join("");
  return `${method} ${hosts.join(",")}${path}${fields}`;
}
