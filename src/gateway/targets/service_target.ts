/** Passes requests on to whoever has a role in the registry. */

import type { Handler } from "../../http/handler.ts";
import { changedRequest } from "../../http/served_request.ts";
import { route, type RouteOptions } from "../../registry/route.ts";
import type { ServiceFinder } from "../../registry/service.ts";
import type { TargetConfig } from "../config/target_model.ts";
import { pathTemplate, withQueryOf } from "./path_template.ts";

/**
 * Makes the target. Of several roles the first is asked that somebody has; when nobody has any, the answer is 503.
 *
 * @throws {TypeError} for a path that can't be
 */
export function serviceTarget(
  { roles, rewrite }: Extract<TargetConfig, { kind: "service" }>,
  services: ServiceFinder,
  options: RouteOptions = {},
): Handler & AsyncDisposable {
  const pick = () => roles.find((role) => services.query(role).length > 0) ?? roles[0];
  const routed = route(services, roles.length === 1 ? () => roles[0] : pick, options);
  const template = rewrite === undefined ? undefined : pathTemplate(rewrite);
  const handler: Handler = (request, info) => {
    if (!template) return routed(request, info);
    const { url } = request;
    const origin = url.slice(0, url.indexOf("/", url.indexOf("//") + 2));
    return routed(changedRequest(request, { url: origin + withQueryOf(url, template(info?.params), template) }), info);
  };
  return Object.assign(handler, {
    [Symbol.asyncDispose]: () => {
      routed[Symbol.dispose]();
      return Promise.resolve();
    },
  });
}
