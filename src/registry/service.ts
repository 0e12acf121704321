/** What a registry knows of a service, and the words by which one is named. */

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | {
  readonly [name: string]: JsonValue;
};

/** A service that somebody registered. Its metadata stand beside these fields, under the names they were given. */
export interface Service {
  /** Names the registration, not the role: each instance has its own. */
  readonly id: string;
  /** What it does, such as `web`. */
  readonly role: string;
  /** Semantic version; missing when it was registered without one. */
  readonly version?: string;
  /** Host under which it is reached: a name or an address. */
  readonly host: string;
  /** Port, 1 to 65535. */
  readonly port: number;
  /** It was there before its hub started anew, and its owner has not come back yet. */
  readonly awaiting?: true;
  /** Metadata. */
  readonly [name: string]: JsonValue | undefined;
}

/** Where services are found: a hub, or a client of one. */
export interface ServiceFinder {
  /**
   * The services that match now, the newest version first.
   *
   * @param pattern `role`, `role@range` in the grammar of node-semver, or nothing for all services
   */
  query(pattern?: string): readonly Service[];
  /**
   * Waits until some match.
   *
   * @throws what the signal was aborted with
   */
  get(pattern: string, options?: { readonly signal?: AbortSignal }): Promise<readonly Service[]>;
}
