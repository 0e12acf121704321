/** How hubs find each other: each registers itself, under a role that only hubs may have for themselves. */

import { limits } from "../../limits.ts";
import { urlHost } from "../../net/url_host.ts";
import type { Service } from "../service.ts";
import { WS_PATH } from "../wire/messages.ts";
import type { HubCore } from "./hub_core.ts";
import { ownerOf } from "./registrar.ts";

/** The role of hubs. */
export const HUB_ROLE = "registry";
/** What ids of hubs begin with; nobody else is given one that does. */
const ID_PREFIX = `${HUB_ROLE}-`;
/** The version of what a hub does, for whoever looks at the list. */
const HUB_VERSION = "1.0.0";

/** Where a hub is reached. */
export interface HubPlace {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** What a hub registers of itself. */
export function hubService(hub: string, { host, port, tls }: HubPlace): Record<string, string | number | boolean> {
  return { id: ID_PREFIX + hub, role: HUB_ROLE, version: HUB_VERSION, host, port, ...tls ? { tls } : {} };
}

/** The URL under which a service of the role is called. */
function urlOf({ host, port, tls }: Service): string {
  return `${tls === true ? "wss" : "ws"}://${urlHost(host)}:${port}${WS_PATH}`;
}

/** Watches which hubs there are. */
export class Neighbours implements Disposable {
  readonly #core: HubCore;
  readonly #onChange: (urls: readonly string[]) => void;
  readonly #stop: () => void;
  #urls: readonly string[] = [];

  /** @param onChange told the URLs of all other hubs when they change */
  constructor(core: HubCore, onChange: (urls: readonly string[]) => void) {
    this.#core = core;
    this.#onChange = onChange;
    this.#stop = core.catalog.observe(HUB_ROLE, ({ service }) => {
      if (service.id.startsWith(ID_PREFIX)) this.#look(); // others may take the role, and are none
    });
    this.#look();
  }

  /** URLs of all other hubs. */
  get urls(): readonly string[] {
    return this.#urls;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #look(): void {
    const urls = this.#core.catalog.query(HUB_ROLE).filter((service) => this.#isHub(service)).map(urlOf).filter(
      // What another hub says of itself is no reason to fail here.
      (url) => URL.canParse(url),
    ).sort();
    if (urls.join() === this.#urls.join()) return;
    this.#urls = urls.slice(0, limits.registryHubs);
    this.#onChange(this.#urls);
  }

  /** Anybody may take the role; only a hub has registered it for itself. */
  #isHub({ id }: Service): boolean {
    const found = this.#core.registrar.replica.find(id);
    return id.startsWith(ID_PREFIX) && found !== undefined && found.hub !== this.#core.hub &&
      found.row.owner === ownerOf(found.hub);
  }
}
