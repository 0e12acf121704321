/** Every bound of the bridge for flatend, each with its unit and its reason. */

export const flatendLimits = {
  /** A frame of flatend's wire: a head with many long fields, which the gateway would refuse if they were more. */
  frameBytes: 256 * 1024,
  /** Header fields of one request or answer there: each costs more than its bytes. */
  fields: 1000,
  /** Connections of one bridge; each may hold what `peerBytes` says. */
  connections: 256,
  /** Requests under way on one connection, each way. */
  streams: 1024,
  /** What has come of one body and nobody has read; beyond, nothing more is read of its connection. */
  streamBytes: 256 * 1024,
  /** What has come of all bodies of one connection and nobody has read. */
  peerBytes: 4 * 1024 * 1024,
  /** How long a body that nobody reads may hold up all others of its connection; then it is given up. */
  stuckMs: 10_000,
  /** How long a peer may take nothing of what is sent to it. */
  stallMs: 30_000,
  /** What waits for a peer to take it, packets: two for each request, and replies to a peer that asks on and on. */
  queued: 4096,
  /** What is sent of one body before it is another one's turn: as much as most sources give at once. */
  pieceBytes: 64 * 1024,
  /** How long a new connection may take to say who it is. */
  handshakeMs: 10_000,
  /** How long a service may say nothing once it has the whole request; the same as for services of HTTP. */
  idleMs: 60_000,
  /** How long a connection that we end has to be ended by the other side: a reset crashes npm flatend. */
  lingerMs: 1000,
  /** How long a connection is quiet before the system looks whether the node is there: a machine without power says nothing. */
  probeMs: 30_000,
  /** Bodies that broke off on one connection, whose handlers wait for their ends; with more it is begun anew. */
  broken: 64,
} as const;
