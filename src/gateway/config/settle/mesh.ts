/** Where the gateway joins the mesh. */

import { isNodeId } from "../../../mesh/node_id.ts";
import type { MeshConfig } from "../model.ts";
import type { Place } from "../place.ts";
import type { RawGateway } from "../raw.ts";
import { show } from "../schema/check.ts";
import { addressOf, addressText } from "./address.ts";
import { fileOf, readItems } from "./values.ts";

/** Reads it, noting all that is wrong. */
export function meshOf(place: Place, raw: NonNullable<RawGateway["mesh"]>): MeshConfig {
  if (raw.listen === undefined && raw.join === undefined && raw.flatend === undefined) {
    place.fault("says neither where nodes reach the gateway, listen, nor by whom it joins, join");
  }
  const allow = raw.allow === undefined ? undefined : readItems(place.at("allow"), raw.allow, nodeOf);
  return {
    listen: readItems(place.at("listen"), raw.listen, (text, at) => addressOf(at, text)),
    join: readItems(place.at("join"), raw.join, pointOf),
    advertise: readItems(place.at("advertise"), raw.advertise, pointOf),
    key: raw.key === undefined ? undefined : fileOf(place.at("key"), raw.key),
    networkKey: raw.networkKey === undefined ? undefined : fileOf(place.at("networkKey"), raw.networkKey),
    allow,
    flatend: raw.flatend === undefined ? undefined : addressOf(place.at("flatend"), raw.flatend),
  };
}

function nodeOf(text: string, place: Place): string | undefined {
  return isNodeId(text) ? text : place.fault(`is ${show(text)}, which is no id of a node: they have 52 characters`);
}

/** An address that is dialled. */
function pointOf(text: string, place: Place): string | undefined {
  if (/^wss?:\/\//.test(text)) return URL.canParse(text) ? text : place.fault(`is ${show(text)}, which is no URL`);
  const address = addressOf(place, text.replace(/^tcp:\/\//, ""));
  if (!address) return undefined;
  return address.port === 0 ? place.fault("has port 0, at which nobody is") : `tcp://${addressText(address)}`;
}
