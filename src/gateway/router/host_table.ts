/** What answers by the host that a request is for: whole names, names below one, and all others. */

/** Names, and what each leads to. */
export class HostTable<T> {
  readonly #exact = new Map<string, T>();
  /** By the name that they are below. */
  readonly #below = new Map<string, T>();
  #others: T | undefined;

  /**
   * Adds one.
   *
   * @param host lower case: a name, `*.` and a name for all below it, or `*` for all others
   */
  set(host: string, value: T): void {
    if (host === "*") this.#others = value;
    else if (host.startsWith("*.")) this.#below.set(host.slice(2), value);
    else this.#exact.set(host, value);
  }

  /** What those are given who name nothing that is here: what all others lead to, else what was added first. */
  get any(): T | undefined {
    return this.#others ?? this.#exact.values().next().value ?? this.#below.values().next().value;
  }

  /** What a name leads to: itself, else the nearest that it is below, else what all others do. */
  get(host: string): T | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    for (let dot = host.indexOf("."); dot !== -1 && this.#below.size > 0; dot = host.indexOf(".", dot + 1)) {
      const found = this.#below.get(host.slice(dot + 1));
      if (found !== undefined) return found;
    }
    return this.#others;
  }
}

/** Whether a name that may have a star covers another one. */
export function covers(host: string, other: string): boolean {
  return host === other || host === "*" || host.startsWith("*.") && other.endsWith(host.slice(1));
}

/** The name of an absolute URL's host, without its port and the dot that ends a whole name. */
export function hostnameOf(url: string): string {
  const start = url.indexOf("//") + 2;
  const end = url.indexOf("/", start);
  const host = url.slice(start, end === -1 ? undefined : end);
  return host.replace(/\.?(?::\d+)?$/, "");
}
