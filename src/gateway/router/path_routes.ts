/** The routes of one path: which of them takes a request, and which methods there are. */

import type { CorsConfig } from "../config/model.ts";
import { hasFields, type Params, type RouteEntry } from "./route_entry.ts";

/** A route that waits for its turn, with the names of its parameters. */
interface Candidate<R> extends RouteEntry<R> {
  readonly names: readonly string[];
}

/** Which route takes a request, and with which parameters. */
export interface Taken<R> {
  readonly route: R;
  readonly params: Params;
}

/** Name of the list of routes that take every method. */
const ANY = "*";

/** Routes whose patterns differ in nothing but the names of their parameters. */
export class PathRoutes<R> {
  /** By method; those that ask for more fields stand before those that ask for less. */
  readonly #byMethod = new Map<string, Candidate<R>[]>();

  /** Adds one. */
  add(entry: RouteEntry<R>, names: readonly string[]): void {
    for (const method of entry.match.methods.length > 0 ? entry.match.methods : [ANY]) {
      const candidates = this.#byMethod.get(method) ?? [];
      this.#byMethod.set(method, candidates);
      const more = (other: Candidate<R>) => rank(other) >= rank(entry);
      candidates.splice(candidates.findLastIndex(more) + 1, 0, { ...entry, names });
    }
  }

  /** The one that takes a request. What answers GET answers HEAD too. */
  take(request: Request, method: string, values: readonly string[]): Taken<R> | undefined {
    const found = this.#find(request, method) ?? (method === "HEAD" ? this.#find(request, "GET") : undefined) ??
      this.#find(request, ANY);
    return found && { route: found.route, params: paramsOf(found.names, values) };
  }

  /** Methods that are taken here; undefined: all. */
  get methods(): readonly string[] | undefined {
    if (this.#byMethod.has(ANY)) return undefined;
    const methods = [...this.#byMethod.keys()].flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]);
    return [...new Set([...methods, "OPTIONS"])];
  }

  /** Which pages may send a request of this method. */
  cors(method: string): CorsConfig | undefined {
    const candidates = this.#byMethod.get(method) ?? this.#byMethod.get(ANY) ?? [];
    return candidates.find(({ match }) => match.cors)?.match.cors;
  }

  #find(request: Request, method: string): Candidate<R> | undefined {
    return this.#byMethod.get(method)?.find(({ match }) => hasFields(request, match.headers));
  }
}

/** A route of a host goes before one of all hosts, and after that one that asks for more fields before one for less. */
function rank({ match }: RouteEntry<unknown>): number {
  return (match.hosts.length > 0 ? 1000 : 0) + match.headers.length;
}

function paramsOf(names: readonly string[], values: readonly string[]): Params {
  const params: Record<string, string> = {};
  names.forEach((name, index) => params[name] = values[index]);
  return params;
}
