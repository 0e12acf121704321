/** What a session runs on: a connection that carries bytes both ways, in order, or ends. TCP, WebSocket, another session. */

/** One end of a connection. */
export interface Link {
  /** The other end's IP address, where it has one; undefined through other nodes. */
  readonly remoteHost: string | undefined;
  /** Begins to give what comes to a receiver. Called once; what came before is given then. */
  open(receiver: LinkReceiver): void;
  /**
   * Sends bytes behind those before; they are the link's from then on. Once the link ends, it does nothing.
   *
   * @returns false when so much waits to be sent that one should wait for `onDrain`
   */
  write(bytes: Uint8Array<ArrayBuffer>): boolean;
  /** Takes nothing more for a while; what is on its way may still come. */
  pause(): void;
  /** Goes on. */
  resume(): void;
  /** Ends it when what was written has been sent. What comes meanwhile is dropped, paused or not. */
  end(): void;
  /** Ends it now. */
  destroy(): void;
}

/** Takes what comes on a link. Nothing of it is called within a call of the link's own methods. */
export interface LinkReceiver {
  /** Bytes that came, in order, as they came: messages may begin and end anywhere in them. They are the receiver's. */
  onBytes(bytes: Uint8Array<ArrayBuffer>): void;
  /** There is room again, after `write` returned false. */
  onDrain(): void;
  /** It has ended, by either side; called once, and nothing is called after it. */
  onClose(error?: Error): void;
}
