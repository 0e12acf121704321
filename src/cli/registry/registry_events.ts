/** What `sluice registry watch` shows: a line an event. */

import { printable, printableJson } from "../../bytes/printable.ts";
import { urlHost } from "../../net/url_host.ts";
import type { Service } from "../../registry/service.ts";
import type { WatchEvent } from "../../registry/table/watch.ts";
import { styled } from "../terminal/terminal.ts";

/** One event of one service. */
export interface ServiceEvent {
  readonly type: "register" | "update" | "free";
  readonly service: Service;
}

/** How events are shown. */
export interface EventTextOptions {
  /** As one line of JSON. */
  readonly json: boolean;
  /** With all that is known of the service. */
  readonly verbose: boolean;
  readonly color: boolean;
}

const STYLES = { register: "green", update: "yellow", free: "red" } as const;

/** What has been shown, so that a whole list of services can be told as what is new in it. */
export class ShownServices {
  readonly #services = new Map<string, Service>();

  /** What a follower was told, one event a service. */
  take(event: WatchEvent): readonly ServiceEvent[] {
    const events = event.type === "snapshot" ? this.#changesTo(event.services) : [event];
    for (const { type, service } of events) {
      if (type === "free") this.#services.delete(service.id);
      else this.#services.set(service.id, service);
    }
    return events;
  }

  #changesTo(services: readonly Service[]): ServiceEvent[] {
    const ids = new Set(services.map(({ id }) => id));
    const gone = [...this.#services.values()].filter(({ id }) => !ids.has(id));
    return [
      ...gone.map((service) => ({ type: "free" as const, service })),
      ...services.flatMap((service) => {
        const before = this.#services.get(service.id);
        if (before && JSON.stringify(before) === JSON.stringify(service)) return [];
        return [{ type: before ? "update" as const : "register" as const, service }];
      }),
    ];
  }
}

/** An event as whole lines. Nothing that a service says of itself reaches a terminal as it is. */
export function eventText({ type, service }: ServiceEvent, { json, verbose, color }: EventTextOptions): string {
  if (json) return printableJson({ type, service }) + "\n";
  const word = styled(type.toUpperCase().padEnd(8), STYLES[type], color);
  const line = `${word} ${printable(describeService(service))}\n`;
  return verbose ? line + printableJson(service, 2).replace(/^/gm, "  ") + "\n" : line;
}

/** Names a service: `web@1.2.3 127.0.0.1:4040 [id]`. */
export function describeService({ role, version, host, port, id }: Service): string {
  const name = version === undefined ? role : `${role}@${version}`;
  const address = asText(host);
  return `${name} ${urlHost(address)}:${asText(port)} [${id}]`;
}

/** What a hub that is none may have sent in place of a text, such as an object that can't be made one. */
function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
