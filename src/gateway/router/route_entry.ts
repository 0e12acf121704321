/** A route as the router knows it: what it matches, and what it leads to. */

import type { RequestInfo } from "../../http/handler.ts";
import { fieldOfRequest } from "../../http/served_request.ts";
import type { CorsConfig, HeaderMatch } from "../config/model.ts";

/** What a route matches. */
export interface RouteMatch {
  /** None: all. Upper case. */
  readonly methods: readonly string[];
  readonly path: string;
  /** Lower case; none: all. */
  readonly hosts: readonly string[];
  readonly headers: readonly HeaderMatch[];
  /** For the questions that browsers ask before a request. */
  readonly cors: CorsConfig | undefined;
}

/** A route of a router. */
export interface RouteEntry<R> {
  readonly match: RouteMatch;
  readonly route: R;
}

/** Parameters that were taken from a path. */
export type Params = NonNullable<RequestInfo["params"]>;

/** Whether a request has the fields that a route asks for. */
export function hasFields(request: Request, fields: readonly HeaderMatch[]): boolean {
  return fields.every(({ name, value }) => {
    const given = fieldOfRequest(request, name);
    return value === undefined ? given !== null : given === value;
  });
}
