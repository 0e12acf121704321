/** Finds the route for a request among those of one host, or the answer that says why there is none. */

import { problem } from "../../http/problem.ts";
import { fieldOfRequest, pathOf } from "../../http/served_request.ts";
import { answerPreflight } from "../policy/cors.ts";
import { PathRoutes, type Taken } from "./path_routes.ts";
import { parsePattern } from "./pattern.ts";
import type { RouteEntry } from "./route_entry.ts";
import { RouteTree } from "./route_tree.ts";
import { joinSegments, segmentsOf } from "./segments.ts";

/** How a router treats paths that are nearly right. */
export interface PathRouterOptions {
  readonly redirectTrailingSlash: boolean;
  readonly redirectCase: boolean;
}

/** The routes of one host. */
export class PathRouter<R> {
  readonly #tree = new RouteTree<PathRoutes<R>>();
  readonly #options: PathRouterOptions;

  /** @throws {TypeError} for a pattern that can't be */
  constructor(entries: Iterable<RouteEntry<R>>, options: PathRouterOptions) {
    this.#options = options;
    for (const entry of entries) {
      const pattern = parsePattern(entry.match.path);
      const names = pattern.flatMap((segment) => segment.kind === "literal" ? [] : [segment.name]);
      this.#tree.at(pattern, () => new PathRoutes()).add(entry, names);
    }
  }

  /**
   * The route that takes a request; else the answer to it: 204 to OPTIONS, 405 with `Allow`, a redirect, 404.
   *
   * @throws {HttpError} 400 for a path that is no text
   */
  find(request: Request): Taken<R> | Response {
    const path = segmentsOf(pathOf(request.url));
    const { method } = request;
    const isPreflight = method === "OPTIONS" && fieldOfRequest(request, "access-control-request-method") !== null;
    const preflight = isPreflight ? this.#preflight(request, path) : undefined;
    return preflight ?? this.#tree.find(path, (routes, values) => routes.take(request, method, values)) ??
      this.#otherMethods(request, path) ?? this.#redirect(request, path) ??
      problem(404, "There is nothing at this path");
  }

  #preflight(request: Request, path: readonly string[]): Response | undefined {
    return this.#tree.find(path, (routes) => answerPreflight(request, (method) => routes.cors(method), routes.methods));
  }

  #otherMethods(request: Request, path: readonly string[]): Response | undefined {
    const methods = new Set<string>();
    this.#tree.find(path, (routes) => {
      for (const method of routes.methods ?? []) methods.add(method);
      return undefined;
    });
    if (methods.size === 0) return undefined;
    const headers = { allow: [...methods].join(", ") };
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers });
    if (methods.has(request.method)) return undefined; // routes there are, but not for requests with these fields
    return problem(405, `The method ${request.method} is not one of this path's`, { headers });
  }

  /** To a path that is nearly the same, and has a route. */
  #redirect(request: Request, path: readonly string[]): Response | undefined {
    const near = this.#near(request, path);
    // Two slashes at its begin would lead to another host.
    if (!near || near[0] === "" && near.length > 1) return undefined;
    const { search } = new URL(request.url);
    const status = request.method === "GET" || request.method === "HEAD" ? 301 : 308;
    return new Response(null, { status, headers: { location: joinSegments(near) + search } });
  }

  #near(request: Request, path: readonly string[]): readonly string[] | undefined {
    const { redirectTrailingSlash, redirectCase } = this.#options;
    const takes = (routes: PathRoutes<R>, values: readonly string[]) => routes.take(request, request.method, values);
    const otherEnd = path.at(-1) === "" ? path.slice(0, -1) : [...path, ""];
    const slashes = redirectTrailingSlash && otherEnd.length > 0 ? [otherEnd] : [];
    const exact = slashes.find((near) => this.#tree.find(near, takes));
    if (exact || !redirectCase) return exact;
    for (const near of [path, ...slashes]) {
      const spelled = this.#tree.findInAnyCase(
        near,
        (routes, values, spelled) => takes(routes, values) && [...spelled],
      );
      if (spelled) return spelled;
    }
  }
}
