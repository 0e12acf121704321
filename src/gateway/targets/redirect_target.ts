/** Sends clients elsewhere. */

import type { Handler } from "../../http/handler.ts";
import type { TargetConfig } from "../config/target_model.ts";
import { pathTemplate, withQueryOf } from "./path_template.ts";

/**
 * Makes the target. A path leads to the same host, whatever a client's path holds; another host is the one that is
 * written in `to`.
 *
 * @throws {TypeError} for a destination that can't be
 */
export function redirectTarget({ to, status }: Extract<TargetConfig, { kind: "redirect" }>): Handler {
  const { origin, path } = takeApart(to);
  const template = pathTemplate(path);
  return (request, info) => {
    const location = origin + withQueryOf(request.url, template(info?.params), template);
    return new Response(null, { status, headers: { location } });
  };
}

/** Where the path begins. Host and port are no place for parameters. */
function takeApart(to: string): { origin: string; path: string } {
  if (to.startsWith("/")) return { origin: "", path: to };
  const [origin] = /^https?:\/\/[^/?#\\{}\s]+/i.exec(to) ?? [];
  if (origin === undefined || !URL.canParse(origin)) {
    throw new TypeError(`Cannot redirect to ${JSON.stringify(to)}: it is neither a path nor a URL of http or https`);
  }
  const path = to.slice(origin.length);
  return { origin: new URL(origin).origin, path: path.startsWith("/") ? path : `/${path}` };
}
