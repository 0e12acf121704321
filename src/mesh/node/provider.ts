/** Who may take a call: another node, this one, or a guest of this one that speaks another protocol. */

import type { Handler } from "../../http/handler.ts";
import type { Reach } from "../contact.ts";
import type { ProviderRecord } from "../discovery/provider_record.ts";

/** One offer of a service. */
export type Provider = RemoteProvider | LocalProvider;

/** What all have. */
interface ProviderBase {
  /** Who it is, for as long as it offers this. */
  readonly key: string;
  readonly service: string;
  /** Empty where it has none. */
  readonly version: string;
  readonly isLocal: boolean;
}

/** Another node. */
export interface RemoteProvider extends ProviderBase {
  readonly reach: Reach;
  /** What it has told. */
  readonly record: ProviderRecord;
}

/** This node, or a guest. */
export interface LocalProvider extends ProviderBase {
  readonly handler: Handler;
  /** It speaks another protocol to this node, and may be gone. */
  readonly isGuest: boolean;
}

/** True for one that is asked over the mesh. */
export function isRemote(provider: Provider): provider is RemoteProvider {
  return "reach" in provider;
}
