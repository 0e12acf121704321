/** What a program that replies by callback is told besides what every program is. */

import type { Body } from "../../http/body.ts";
import type { RequestInfo } from "../../http/handler.ts";
import { collect, merge, type Parameters } from "../../http/parameters.ts";
import { pathOf } from "../../http/served_request.ts";

/** The merged parameters of a request; of those with one name the one from the body wins, then that of the query. */
export function parametersOf(request: Request, info: RequestInfo, body: Body): Parameters {
  return merge(info.params ?? {}, collect(new URL(request.url).searchParams), body.fields);
}

/**
 * The variables that say where and as what to reply.
 *
 * @param token what stands in the URL that is replied to
 */
export function replyVariables(request: Request, token: string, socketPath: string): Record<string, string> {
  return { REQUEST_ID: token, URIPATH: pathOf(request.url), SLUICE_REPLY_SOCKET: socketPath };
}
