/** Other servers that requests are passed on to. */

import type { UpstreamConfig } from "../target_model.ts";
import type { Place } from "../place.ts";
import type { RawTarget } from "../raw.ts";
import { show } from "../schema/check.ts";
import { checkTemplate } from "./path_pattern.ts";
import { readItems } from "./values.ts";

/** Reads them, with the path and the host that they are sent. */
export function upstreamOf(place: Place, raw: RawTarget, names: readonly string[] | undefined): UpstreamConfig {
  const { upstream, rewrite, host } = raw;
  const urls = readItems(place.at("upstream"), upstream, (text, at) => urlOf(at, text));
  if (rewrite !== undefined) checkTemplate(place.at("rewrite"), rewrite, names);
  if (host !== undefined && !/^[A-Za-z0-9._-]+(:\d{1,5})?$/.test(host)) {
    place.at("host").fault(`is ${show(host)}, which is no host such as "api.example"`);
  }
  return { kind: "upstream", urls, rewrite, hostField: host };
}

function urlOf(place: Place, text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    return place.fault(`is ${show(text)}, which is no URL such as "http://127.0.0.1:9000"`);
  }
  if (url.username !== "" || url.password !== "") return place.fault("has a name or password, which are not sent on");
  if (url.search !== "" || url.hash !== "") return place.fault(`is ${show(text)}, which says more than a path`);
  return url.origin + url.pathname.replace(/\/+$/, "");
}
