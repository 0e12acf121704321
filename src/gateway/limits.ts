/** Every bound of the gateway in one place, each with its unit and its reason. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const gatewayLimits = {
  /** The file of routes: a larger one was not written by hand, and is parsed while clients wait. */
  configBytes: 16 * MiB,
  /** Levels of tables and lists in that file: the deepest that means something has about ten. */
  configLevels: 64,
  /** How often aliases of YAML may multiply a value, against a few lines that expand to gigabytes. */
  configAliases: 100,
  /** A file with passwords or tokens: a larger one is something else. */
  secretBytes: 64 * KiB,
  /** A request's line and header fields: more than any browser sends, and far from what hurts. */
  headBytes: 64 * KiB,
  /** How long requests under way may take when the gateway is told to stop. */
  graceMs: 10_000,
  /** How long a process is known to the operator after its end: long enough to look at what a client complains of. */
  processesKeptMs: 60_000,

  /** Ids of replies that are remembered when nobody waits for them any more, about 200 bytes each, */
  repliesRemembered: 10_000,
  /** and how long: a script that replies later than that is told that its id is not known. */
  replyRememberedMs: 600_000,
  /** The secret in an id, bytes: as many as nobody can guess. */
  replySecretBytes: 16,
  /** Header fields of a reply: those of a program's answer may be no longer. */
  replyHeadBytes: 64 * KiB,
  /** How long a reply that was sent before its program ended may be on its way, when the end says what is answered. */
  replyOnItsWayMs: 10,
  /** What heirs of a program that has ended have to finish, once the client has its reply. */
  replyHeirsMs: 1000,
  /** One argument or variable that holds a payload; Linux takes 128 KiB with the NUL at its end (MAX_ARG_STRLEN). */
  payloadStringBytes: 128 * KiB - 1,
  /** All of them; Linux takes a quarter of the stack limit, 2 MiB by default, with all other variables. */
  payloadStringsBytes: 1 * MiB,

  /** A file of a certificate and its key: a long chain has 20 KiB. */
  certificateFileBytes: 1 * MiB,
  /** An answer of an authority that gives certificates: the longest are chains. */
  acmeAnswerBytes: 1 * MiB,
  /** How long it may take for one. */
  acmeRequestMs: 30_000,
  /** One certificate from order to chain: it looks at the challenges from several places, and may do so with delay. */
  acmeOrderMs: 600_000,
  /** How long it may tell us to wait before we ask again: its limits are counted by the week. */
  acmeRetryAfterMs: 7 * 24 * 3_600_000,
  /** The longest first pause after a failure, */
  acmeRetryFirstMs: 60_000,
  /** and the longest of all: four attempts a day, of the five an hour that Let's Encrypt lets fail. */
  acmeRetryMostMs: 6 * 3_600_000,
  /** How often certificates are looked at by the clock on the wall: timers stand still while a machine sleeps. */
  certificateLookMs: 3_600_000,
  /** Warn of a certificate, or make a new one of our own, when it has less than this left. */
  certificateLeftMs: 7 * 24 * 3_600_000,
  /** Life of a certificate of our own: less than the 825 days that Apple's clients take. */
  selfSignedMs: 365 * 24 * 3_600_000,
  /** A file up to this is read whole and kept: what goes out in one write. */
  staticKeptFileBytes: 64 * KiB,
  /** Files that are kept of one route, bytes: a site's small files, many times over. */
  staticKeptBytes: 32 * MiB,
  /** A chunk of a large file, for slow readers and for fast ones: more at a time brings no more a second. */
  staticChunkBytesMin: 64 * KiB,
  staticChunkBytesMax: 512 * KiB,
  /** Ranges of one request that are answered as asked; with more of them the whole file is sent. */
  staticRanges: 8,
  /** Names on the page that lists a folder. */
  staticListed: 10_000,

  /** Clients that a rate limit remembers, about 100 bytes each; twice as many at most. Of more, the longest silent go. */
  rateLimitKeys: 50_000,
  /** What a client is counted by; of a longer header field a digest is. */
  rateLimitKeyChars: 64,

  /** One file of an OpenAPI document, as JSON: the largest that are published have about ten million bytes. */
  openapiJsonBytes: 16 * MiB,
  /** As YAML: it takes up to ten seconds a megabyte to parse. */
  openapiYamlBytes: 4 * MiB,
  /** Files of a document, */
  openapiFiles: 256,
  /** levels in one of them, */
  openapiDepth: 100,
  /** values in all of them, with those that aliases of YAML repeat, */
  openapiNodes: 2_000_000,
  /** references that lead to each other before one leads to something, */
  openapiRefHops: 32,
  /** and schemas that are used. */
  openapiSchemas: 100_000,
  /** Schemas that look at one and the same value, by references and alternatives: their number multiplies. */
  schemaExpansion: 10_000,
  /** How deep these stand in each other: each is a call of a function, at each level of a value. */
  schemaChain: 32,
  /** A pattern of a schema, characters, */
  patternChars: 4096,
  /** as a program of RE2, instructions, */
  patternSize: 10_000,
  /** and all of a document: to compile them takes about a second. */
  patternSizeInAll: 200_000,
  /** A text with a format: some are recognised in the square of the length. */
  formatChars: 8192,
  /** Work of one check, units of about ten nanoseconds. */
  checkEffort: 64 * 1024 * 1024,
  /** Levels of JSON in a request or an answer: what is deeper is an attack on its parsers. */
  jsonDepth: 128,
  /** Violations that a client is told of. */
  violations: 100,
  /** A pointer in them: its steps are names that the client sent. */
  violationPointerChars: 256,
  /** An answer that is held to be checked. */
  checkedAnswerBytes: 8 * MiB,
  /** Operations for which a stub is written, and values of an example in one. */
  stubs: 10_000,
  exampleValues: 1000,
  /** An answer that is known to be shorter is not compressed: it fits into one packet as it is. */
  compressedBytesMin: 1 * KiB,
  /** An answer up to this is compressed in one step, which holds up all others for about a millisecond. */
  compressedAtOnceBytes: 64 * KiB,
  /** An answer is held back for its process's figures so long, and so many bytes of it; then they stand in its trailers. */
  statsHoldMs: 2000,
  statsHoldBytes: 1 * MiB,
  /** Processes whose answer has not told of them yet. */
  statsProcesses: 10_000,
} as const;
