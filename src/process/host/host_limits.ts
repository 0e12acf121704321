/** Every bound of the look at a host, each with its unit and its reason. */

const MiB = 1024 * 1024;

export const hostLimits = {
  /** How long one look may take: a disk or a mount that does not answer must not keep the others from being told. */
  lookMs: 2000,
  /** How long the store's disk is written to: a hundred syncs of a slow one. */
  syncMs: 500,
  /** The end of that look, which has the temporary file to remove. */
  diskMs: 1500,
  /** How long the removal may take on a disk that has stopped answering. */
  removeMs: 300,
  /** What is written between two syncs, bytes: a record of the journal is mostly one page. */
  syncBytes: 4096,
  /** A disk with fewer syncs a second makes each append wait so long that writers notice. */
  syncsGood: 50,
  /** Free space of the store's disk: less is soon used up, */
  freeBytesGood: 1024 * MiB,
  /** and with this little, the journal's two files can't grow to what they hold. */
  freeBytesLeast: 64 * MiB,
  /** Descriptors: fewer are soon used up, a request to a program takes four. */
  descriptorsGood: 4096,
  /** Processes and threads of a user: so many runs at a time, each with a child or two. */
  processesGood: 1024,
  /** Memory: a server takes about 130 MB, and programs want some. */
  memoryBytesGood: 256 * MiB,
  /** How far the two clocks may come apart while we look, milliseconds: by more, the wall clock was set. */
  clockStepMs: 100,
  /** No clock that is right is before the first release: 2026-01-01. */
  clockLeastMs: Date.UTC(2026, 0, 1),
} as const;
