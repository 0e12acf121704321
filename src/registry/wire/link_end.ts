/** The end of a connection between a hub and somebody else, as users of the library are told of it. */

/** How a link ended. */
export interface LinkEnd {
  /** Code of the WebSocket's end (RFC 6455 §7.4). */
  readonly code: number;
  /** In words, where the other side said it. */
  readonly reason: string;
  /** Nothing was heard for too long. */
  readonly timedOut: boolean;
}
