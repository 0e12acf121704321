/**
 * Every bound in one place, each with its unit and its reason. Options replace those a user may want otherwise. The file is
 * longer than most because it is a list: who looks for a bound looks here, and whoever sets one sees its neighbours.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /** A client's request line and headers. A query of 1 MB works; what is larger belongs in a body. */
  requestHeadBytes: 2 * MiB,
  /** Header fields of a request: each costs more than its bytes, and no client has so many. */
  requestFields: 1000,
  /** A client that has not sent its head by then holds a connection for nothing. */
  requestHeadMs: 15_000,
  /** A client that sends no byte of the body it announced for this long has gone or is hostile. */
  requestBodyIdleMs: 30_000,
  /** A client that takes nothing of an answer for this long keeps a program waiting for nothing. */
  responseStallMs: 60_000,
  /** How long an idle connection is kept for its next request. */
  keepAliveMs: 60_000,
  /** How long requests under way may take when a server is closed and nobody has said how long: as the mesh's calls. */
  closeGraceMs: 10_000,

  /** How long to try to connect to a service: one that is there takes milliseconds, one that is gone says nothing. */
  upstreamConnectMs: 5000,
  /** How long a service may take to answer, or to take more of a body: clients wait no longer either. */
  upstreamHeadMs: 60_000,
  /** The head of a service's answer: what comes from our own programs may be no longer. */
  upstreamHeadBytes: 64 * KiB,
  /** How long an idle connection to a service is kept: many close theirs after 5 s, and a request on such a one is lost. */
  upstreamIdleMs: 4000,
  /** Idle connections that are kept to one service; descriptors are few. */
  upstreamIdleConnections: 64,
  /** How long an instance that could not be reached is passed over: a registry knows by then whether it is gone. */
  routeAvoidMs: 2000,
  /** Instances that are remembered as not reached; of more, the oldest get their turn again. */
  routeAvoided: 1000,
  /** Instances tried for one request: where three can't be reached, the network is what is wrong. */
  routeTries: 3,
  /** How long the last bytes of a tunnel may take when its other end has gone. */
  tunnelLingerMs: 5000,
  /** How long a tunnel is quiet before the system looks whether both ends are there. */
  tunnelProbeMs: 30_000,

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

  /** Commands behind shims of version managers that are remembered: no file of routes names so many. */
  shimsRemembered: 1000,
  /** Processes at a time. */
  concurrency: 256,
  /** Requests that wait for a process; the next one is answered 503. */
  queue: 1024,

  /** Processes that have ended and are still known to an operator who asks, at most 2.5 KB each. */
  processRecords: 2000,
  /** The end of standard error that is known of each of them, characters. */
  processRecordTailChars: 1024,

  /** A whole run. */
  timeoutMs: 10_000,
  /** The time a compiler may take. */
  buildMs: 120_000,
  /** What a compiler's output may hold in an error. */
  buildOutputBytes: 64 * KiB,

  /** A stream's id: it is a path, and is told in headers. */
  streamIdBytes: 1024,
  /** A stream's metadata as JSON: it is a header of every answer. */
  streamMetadataBytes: 16 * KiB,
  /** A producer's id: it is kept for each stream that it appends to. */
  producerIdBytes: 256,
  /** Producers that a stream remembers; the one that was silent for longest is forgotten first. */
  streamProducers: 1024,
  /** How long a silent producer is remembered: a retry that comes later is taken for new. */
  producerMs: 7 * 24 * 3600 * 1000,
  /** What is committed together: more would make each append wait for all the others. */
  commitBytes: 16 * MiB,
  /** One append: it is held in memory until it is stored. */
  appendBytes: 64 * MiB,
  /** One append to a JSON stream: to parse it and to cut it into messages takes up to 0.1 s a MiB, for all others too. */
  jsonAppendBytes: 8 * MiB,
  /** How often streams are looked over for what has expired. */
  expireEveryMs: 15_000,

  /** What our client of streams sends in one request: large enough for the disk, small enough to send again. */
  clientRequestBytes: 1 * MiB,
  /** What waits in our client to be sent; whoever writes more has to wait too. */
  clientWaitingBytes: 8 * MiB,
  /** How long our client waits for the answer to a request that the server can answer at once. */
  clientAnswerMs: 30_000,
  /** How long it hears nothing of a live read; servers answer those within a minute, with nothing if need be. */
  clientLiveMs: 90_000,
  /** How long it tries to reach a server that it has never reached: an address with a mistake in it stays wrong. */
  clientFirstContactMs: 2000,
  /** How long it tries again when nothing moves: a server restarts in less. */
  clientGiveUpMs: 60_000,
  /** The longest first pause before it tries again. */
  clientBackoffMs: 100,
  /** The longest pause of all. */
  clientBackoffMsMax: 5000,
  /** The longest time that a server may ask it to wait. */
  clientRetryAfterMs: 30_000,
  /** How much of an error answer it reads. */
  clientErrorBytes: 16 * KiB,

  /** Subscriptions of one store: each may have a delivery under way, and a timer. */
  subscriptions: 1000,
  /** Streams linked to one subscription, by name or by its pattern; each has a place in memory and a stored offset. */
  subscriptionStreams: 10_000,
  /** Streams linked to all subscriptions together; each takes about 300 bytes of memory. */
  subscriptionLinks: 200_000,
  /** A subscription's id, which is a part of a URL and of a key in storage. */
  subscriptionIdBytes: 256,
  /** What is said of a subscription in words, a worker's name: short enough to be stored with it. */
  subscriptionTextBytes: 1024,
  /** Segments of a pattern; matching costs at most its segments times those of the stream's id, each some 20 ns. */
  patternSegments: 16,
  /** A request to a subscription, which has to be held in memory to be parsed. */
  subscriptionBodyBytes: 1 * MiB,
  /** All such requests together; more get 503. */
  subscriptionBodiesInAll: 32 * MiB,
  /** Streams told of in one wake, those with something new first; the others follow with the next wake. */
  wakeStreams: 1000,
  /** Address of a webhook; what is longer is a mistake. */
  webhookUrlBytes: 2048,
  /** A webhook's whole exchange; a receiver that needs longer answers at once, and calls back later. */
  webhookMs: 30_000,
  /** A webhook's answer, which says no more than whether it is done. */
  webhookAnswerBytes: 64 * KiB,
  /** The first wait after a failed wake; it doubles with each failure. */
  wakeRetryMsMin: 1000,
  /** The longest such wait: a receiver that is back is found within a minute. */
  wakeRetryMsMax: 60_000,
  /** How long a worker may say nothing before its work is given to another; these may be asked for. */
  leaseMsMin: 1000,
  leaseMsMax: 600_000,
  leaseMs: 30_000,

  /** A stream's metadata: deeper is an attack on the parsers of its readers. */
  streamMetadataDepth: 64,
  /** A stream's content type: it is a header of every answer. */
  contentTypeBytes: 256,
  /** What an upload appends at once; three times as much is the most that it holds. */
  uploadAppendBytes: 8 * MiB,
  /** What all uploads may hold together; beyond, each appends less at once. */
  uploadBytesInAll: 256 * MiB,
  /** What an upload appends at once when there are too many. */
  uploadCrowdedBytes: 128 * KiB,
  /** A producer that sends nothing for so long is gone: quiet ones, such as a build that compiles, have to stay. */
  uploadIdleMs: 60 * 60 * 1000,
  /** What a reader of a stream holds at a time. */
  readPieceBytes: 256 * KiB,
  /** What a spy reads of one stream before it looks at the next. */
  spyPieceBytes: 64 * KiB,
  /** How far a spy may fall behind a stream before it skips: a person can't read that much at once. */
  spyBacklogBytes: 1 * MiB,
  /** A line that a spy shows; a longer one is cut into several. */
  spyLineBytes: 8 * KiB,
  /** How long the beginning of a line waits for its end before a spy shows it. */
  spyPartialMs: 1000,
  /** Streams that one spy watches, about 200 bytes each; of more it is told how many there are. */
  spyStreams: 100_000,
  /** Spies at a time: each costs something at every append. */
  spies: 32,

  /** A catch-up answer on a stream: held in memory for each reader that is slow to take it. */
  catchUpBytes: 1 * MiB,
  /** What is read of a stream for one event: a slow follower holds one encoded. */
  eventBytes: 64 * KiB,
  /** Streams whose last event is remembered encoded, because all their followers are at the same place. */
  sharedEvents: 64,
  /** How long a long-poll waits; proxies give up after 30 s or more. */
  longPollMs: 20_000,
  /** A connection of events in all: it begins anew from time to time, so that caches and balancers get their turn. */
  eventStreamMs: 60_000,
  /** A `Stream-Seq`: the last one is kept for each stream. */
  streamSequenceBytes: 256,
  /** The body of an append over HTTP: it is collected before it is stored, so that it is stored whole or not at all. */
  appendBodyBytes: 16 * MiB,
  /** Bodies of all appends that are held in memory: more get 503. */
  appendBodiesInAll: 256 * MiB,

  /** A public key as it travels, characters: one of RSA with 4096 bits takes 736. */
  publicKeyChars: 1024,
  /** RSA keys: below this they can be factored. */
  rsaBitsMin: 2048,
  /** Above this Deno's node:crypto reads no public key. */
  rsaBitsMax: 4096,
  /** Those that we make: as strong as 128 bits of a symmetric key, by NIST SP 800-57. */
  rsaBits: 3072,
  /** A file of keys: a thousand public ones of RSA fit, and no file that was named by mistake is read whole. */
  keyFileBytes: 1 * MiB,
  /** Taken ports that are tried, 0.1 ms each: all of a small range, and a large one has none left by then. */
  portProbes: 2000,
  /** The longest first pause before a command that ended is started again. */
  restartMs: 1000,
  /** The longest such pause of all: what it waited for, such as a database, is back for at most that long. */
  restartMsMax: 30_000,
  /** A command that ran for so long had started well: its end is the first failure again. */
  restartSteadyMs: 10_000,

  /** Roles, ids and hosts of services, characters. */
  registryNameChars: 256,
  /** What services are looked for by, characters: a range is as long as somebody types it. */
  registryPatternChars: 512,
  /** Alternatives and comparisons of one range: read, each takes some hundred times its characters. */
  registryRangeParts: 32,
  /** Patterns that are kept read, and how long they are at most: what is longer is rarely asked twice. */
  registryPatternsKnown: 1000,
  registryPatternKnownChars: 64,
  /** Answers that are kept found for one role, */
  registryAnswersKnown: 64,
  /** and how many services they hold together, 8 bytes each, unless one alone has more. */
  registryAnswersServices: 64 * 1024,
  /** Answers of one hub that are kept as bytes: the short ones, which are asked for often. */
  registryAnswersBytes: 8 * MiB,
  /** Metadata of one service as JSON, characters: every client of a registry has those of all. */
  registryMetadataChars: 16 * KiB,
  /** Deeper is an attack on the parsers of others. */
  registryMetadataDepth: 32,
  /** Services of one connection, some 1.5 kB each at the hub: a client with more is a mistake or an attack. */
  registryServicesOfClient: 10_000,
  /** Services of one registry in all. */
  registryServices: 200_000,
  /** Events that a slow follower is kept, each with a service that may be gone; then it is given all services again. */
  registryWatchEvents: 1024,
  /** Changes of a hub that are kept for peers that missed some, and their characters. */
  registryRecentChanges: 1024,
  registryRecentChars: 4 * MiB,
  /** What waits for one peer, messages and their characters: what is left out is asked for later. */
  registryPeerMessages: 2048,
  registryPeerChars: 16 * MiB,
  /** How many timeouts long a hub that was given up is remembered: nobody has old news of it by then. */
  registryGoneTimeouts: 10,
  /** How long both sides of a registry's connection may take to say who they are. */
  registryHelloMs: 10_000,
  /** How long the other side may take to answer that a connection is to end: an answer is one small frame. */
  registryCloseMs: 1000,
  /** How far a hub's clock may be from ours, a century: a board without a clock of its own begins in 1970. */
  registryClockMs: 100 * 365 * 24 * 3600 * 1000,
  /** Services that a client takes from its hub: hubs that were apart may have some more together than one has. */
  registryServicesSeen: 250_000,
  /** How long a client waits before it asks a hub again for a service that the hub has refused to have once more. */
  registryAskAgainMs: 15_000,
  /** One message: a service with all its metadata in UTF-8, and some more. */
  registryFrameBytes: 1 * MiB,
  /** What a message that holds many services has of them, characters; it ends with the one that goes beyond. */
  registryPartChars: 128 * KiB,
  /** What may wait to be sent to one connection: a client that takes nothing meanwhile asks on and on, or stands still. */
  registryWaitingBytes: 8 * MiB,
  /** What a follower is sent ahead of what it takes; more waits in the log that all followers share. */
  registryAheadBytes: 256 * KiB,
  /** Messages of changes in that log, and their characters; who is further behind is sent all services again. */
  registryLogMessages: 2048,
  registryLogChars: 16 * MiB,
  /** How far the time of a signature may be from that of the hub. */
  registrySkewMs: 300_000,
  /** Hubs that are known at one. */
  registryHubs: 1000,
  /** How often a sign of life may be given: more often is a load for everybody. */
  registryHeartbeatMsMin: 50,
  /** How long none may come: a day is as good as never. */
  registryTimeoutMsMax: 24 * 3600 * 1000,
  /** How long a hub is called that others told of and that does not answer; one that was named as a peer is for ever. */
  registryForgetMs: 600_000,
  /** How often rows that changed are written to the disk, */
  registrySaveMs: 100,
  /** and how often it is tried again with those that could not be. */
  registrySaveAgainMs: 5000,
  /** How often a service is asked whether it is there, */
  registryCheckMs: 5000,
  /** how often it may be at most, */
  registryCheckMsMin: 500,
  /** and at least: seldomer says nothing, and a timer of more than 24 days fires at once. */
  registryCheckMsMax: 24 * 3600 * 1000,
  /** How long its answer may take. */
  registryCheckAnswerMs: 5000,
  /** Answers in a row that have to fail until it is taken for gone. */
  registryCheckFailures: 2,
  /** Services that a hub checks. */
  registryChecks: 10_000,
  /** How long a question may wait for a change; proxies give up after a minute or more. */
  registryWaitMs: 300_000,
  /** How long a command that looks for services tries to reach a hub. */
  registryGiveUpMs: 10_000,
  /** The longest time that a timer of the runtime can be set for: a longer one ends at once. */
  timerMs: 2 ** 31 - 1,
  /** How long a service that ends waits for its hub to hear of it; the end of the connection says the same. */
  registryFreeMs: 1000,
  /** A line of a seaport client: a service with all its metadata, however its characters are written. */
  seaportLineBytes: 256 * KiB,
  /** Seaport clients of one hub, unless it is told how many connections it has. */
  seaportClients: 10_000,
  /** A seaport client that has said nothing for so long is told the services: real ones begin with what they register. */
  seaportSilentMs: 1000,
  /** Services that a client was told are gone, and that it may free once more: all of seaport's do so. */
  seaportEchoes: 1000,
  /** A hub that was lost is called again after at most so long at first, */
  registryBackoffMs: 200,
  /** and later on. */
  registryBackoffMsMax: 5000,
} as const;
