/** What a stream of a session is for: the first byte of its head. */

export const StreamKind = {
  /** A request to a service, and its answer. */
  call: 0,
  /** Bytes for another node, which are passed on as they are. */
  relay: 1,
} as const;
