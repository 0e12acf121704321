/** What this node offers: its own services, and those of guests that speak another protocol. */

import type { Handler } from "../../http/handler.ts";
import type { LocalProvider } from "./provider.ts";

/** One service of this node. */
export interface OwnService {
  readonly service: string;
  /** Empty where it has none. */
  readonly version: string;
  readonly handler: Handler;
  /** Somebody else offers it, who speaks another protocol to this node. */
  readonly isGuest?: boolean;
}

/** Services by name and version. */
export class OwnServices {
  readonly #byName = new Map<string, Map<string, LocalProvider[]>>();

  /**
   * Adds a provider.
   *
   * @param owner who it is: of each there is one for a version
   * @returns true when nobody offered this here before
   */
  add(owner: string, { service, version, handler, isGuest = false }: OwnService): boolean {
    const versions = this.#byName.get(service) ?? new Map<string, LocalProvider[]>();
    this.#byName.set(service, versions);
    const key = keyOf(owner, version);
    const others = versions.get(version) ?? [];
    const provider = { ...{ key, service, version, handler, isGuest }, isLocal: true };
    versions.set(version, [...others.filter((other) => other.key !== key), provider]);
    return others.length === 0;
  }

  /** Takes one out. @returns true when nobody offers it here any more */
  remove(owner: string, service: string, version: string): boolean {
    const versions = this.#byName.get(service);
    const left = versions?.get(version)?.filter(({ key }) => key !== keyOf(owner, version));
    if (!versions || !left) return false;
    if (left.length > 0) versions.set(version, left);
    else versions.delete(version);
    if (versions.size === 0) this.#byName.delete(service);
    return left.length === 0;
  }

  /** All who offer a service here. */
  of(service: string): readonly LocalProvider[] {
    return [...this.#byName.get(service)?.values() ?? []].flat();
  }

  /** Who answers calls of others to one version: of several, each in its turn. */
  take(service: string, version: string): Handler | undefined {
    const providers = this.#byName.get(service)?.get(version);
    const first = providers?.shift();
    if (!providers || !first) return undefined;
    providers.push(first);
    return first.handler;
  }

  /** Each service and version that is offered. */
  *offers(): Generator<{ readonly service: string; readonly version: string }> {
    for (const [service, versions] of this.#byName) {
      for (const version of versions.keys()) yield { service, version };
    }
  }
}

/** What calls to one version take says nothing of another. */
function keyOf(owner: string, version: string): string {
  return `${owner} ${version}`;
}
