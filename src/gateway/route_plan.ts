/** What a route is made of, wherever it was written: in the file itself or in an OpenAPI document. */

import type { Handler } from "../http/handler.ts";
import type { RoutePolicy } from "./config/model.ts";
import type { TargetConfig } from "./config/target_model.ts";
import type { RouteMatch } from "./router/route_entry.ts";

/** What a route is made of. */
export interface RoutePlan {
  readonly match: RouteMatch;
  readonly policy: RoutePolicy;
  readonly target: TargetConfig;
  /** Stands between the policy and the target. */
  readonly before?: (target: Handler) => Handler;
  /** Tells apart what `before` differs in. */
  readonly beforeKey?: string;
}
