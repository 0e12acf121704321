/** Every bound in one place, each with its unit and its reason. Options replace those a user may want otherwise. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /** A client's request line and headers. A query of 1 MB works; what is larger belongs in a body. */
  requestHeadBytes: 2 * MiB,
  /** A client that has not sent its head by then holds a connection for nothing. */
  requestHeadMs: 15_000,
  /** A client that sends no byte of the body it announced for this long has gone or is hostile. */
  requestBodyIdleMs: 30_000,
  /** A client that takes nothing of an answer for this long keeps a program waiting for nothing. */
  responseStallMs: 60_000,
  /** How long an idle connection is kept for its next request. */
  keepAliveMs: 60_000,

  /** A request body in all; `Infinity` unless the operator sets one, because bodies are streamed, not kept. */
  bodyBytes: Infinity,
  /** A JSON or form body, which has to be held in memory to be parsed. */
  parsedBodyBytes: 8 * MiB,
  /** All files of one multipart form together; they lie in temporary files. */
  formFilesBytes: 256 * MiB,
  /** Bodies of all requests to one program that are held in memory: more get 503. */
  parsedBytesInAll: 256 * MiB,
  /** Files of all forms sent to one program: more get 503. */
  filesBytesInAll: 4096 * MiB,
  /** Parts of a multipart form: more is an attack on the parser. */
  formParts: 1000,
  /** Files of a multipart form: they may all be open at once, and descriptors are few. */
  formFiles: 100,
  /** Parameters of a query or form, against hash flooding and slow merging. */
  parameters: 10_000,

  /** What a program may write before its head is whole. */
  responseHeadBytes: 64 * KiB,
  /** The end of standard error that is kept for an error answer. */
  stderrTailBytes: 8 * KiB,
  /** A line of standard error in the log; the rest of a longer one is cut. */
  stderrLineBytes: 8 * KiB,
  /** Bytes of standard error that are logged for one request; what follows is counted, not kept. */
  stderrLogBytes: 1 * MiB,

  /** One environment string; Linux refuses more than 128 KiB (MAX_ARG_STRLEN). */
  envValueBytes: 64 * KiB,
  /** All environment strings made from one request; Linux allows a quarter of the stack limit, 2 MiB by default. */
  envBytes: 512 * KiB,
  /** The request as JSON in one variable; a longer one goes into a file. */
  envJsonBytes: 64 * KiB,

  /** Processes at a time. */
  concurrency: 256,
  /** Requests that wait for a process; the next one is answered 503. */
  queue: 1024,

  /** A whole run. */
  timeoutMs: 10_000,
  /** The time a compiler may take. */
  buildMs: 120_000,
  /** What a compiler's output may hold in an error. */
  buildOutputBytes: 64 * KiB,
} as const;
