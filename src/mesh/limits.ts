/** Every bound of the mesh, each with its unit and its reason; those of the bridge for flatend stand beside it. */

export const meshLimits = {
  /** A message of Noise with its tag (Noise §3): its length has two bytes. */
  noiseMessageBytes: 65_535,
  /** A name of a service, bytes: it is a part of keys, records and heads. */
  serviceNameBytes: 128,
  /** A version of one: longer ones say nothing that people read. */
  versionBytes: 64,
  /** An address as it travels: a host name has at most 253, a path some more. */
  addressBytes: 512,
  /** Addresses of one node: a machine with more is reached by these. */
  addresses: 8,
  /** Join points that hold a session to one node. */
  relays: 4,
  /** Contacts in one answer, and nodes in one bucket: Kademlia's k. */
  bucketNodes: 16,
  /** Questions of one lookup under way: Kademlia's alpha. */
  lookupParallel: 3,

  /** Nodes that wait for room in a bucket: of a few, one is there when it is needed. */
  bucketSpares: 4,
  /** Nodes of one network (IPv4 /24, IPv6 /48) that hold their room in a full bucket: ids cost nothing, networks do. */
  bucketNetworkNodes: 2,
  /** How long a node that answered is taken to be there, so that a rush of new ones is no rush of pings. */
  bucketTrustMs: 10 * 60_000,
  /** After so long without a lookup in it, a bucket is looked through (Kademlia §2.3). */
  bucketRefreshMs: 3_600_000,
  /** Questions of such a look through: those that answer are known anew, and name the others. */
  refreshQuestions: 4,
  /** How often a node looks after its buckets and what it keeps. */
  upkeepMs: 60_000,
  /** The same while it knows nobody: then every second counts. */
  aloneMs: 5000,
  /** How often one of those that were lost is asked whether it is back: so two halves of a network find each other. */
  lostRetryMs: 5 * 60_000,
  /** Nodes that were lost and are remembered for that. */
  lostNodes: 32,
  /** Contacts that are remembered as they were parsed; more than the buckets of any node hold. */
  contactsKnown: 4096,
  /** Bytes of one contact: its addresses may each be long, but not all of them. */
  contactBytes: 1024,
  /** Questions of one lookup: one among a million nodes takes about forty. */
  lookupQuestions: 128,
  /** A node that has not answered by then no longer counts among those under way; its answer is still taken. */
  lookupSlowMs: 500,
  /** A node of whose contacts so many failed, and none answered, is not believed the others. */
  lookupBadContacts: 3,
  /** Addresses that are tried of one node in one lookup, where they are told differently. */
  lookupAddresses: 3,
  /** Lookups that nobody waits for, under way at once. */
  lookupsBehind: 4,

  /** A provider record with its signature, bytes: some addresses and relays. */
  recordBytes: 4096,
  /** How long a record holds: a provider that is gone is forgotten by then. */
  recordMs: 30 * 60_000,
  /** The longest that a record of others may hold. */
  recordMsMost: 2 * 3_600_000,
  /** How often a record is made anew: two may be lost before it runs out. */
  recordAgainMs: 10 * 60_000,
  /** How soon it is told again at first where fewer nodes keep it than there could be; then twice as long, and so on. */
  recordSoonMs: 15_000,
  /** How soon it is told again where nobody has taken it, first and at most. */
  recordRetryMs: 2000,
  recordRetryMsMost: 60_000,
  /** How far clocks of machines may be apart. */
  recordSkewMs: 5 * 60_000,
  /** Records that are kept of one provider for one service: its versions. */
  recordsOfOffer: 16,
  /** Records that are kept of one provider; a node may well offer forty services. */
  recordsOfProvider: 1024,
  /** Records that are kept of one service: of more, nobody needs to know all. */
  recordsOfService: 4096,
  /** Records that are kept in all, and their bytes. */
  records: 65_536,
  recordsBytes: 32 * 1024 * 1024,
  /** Records that one peer may bring at once, and how many more each second: each costs the check of a signature. */
  recordsBrought: 1024,
  recordsBroughtPerSecond: 2,
  /** Peers whose count of that is kept. */
  recordBringers: 4096,
  /** Records in one answer, bytes: of more, some are chosen by chance. */
  answerRecordsBytes: 32 * 1024,
  /** Contacts in one answer, bytes. */
  answerContactsBytes: 8 * 1024,
  /** Answers with records after which a service's providers are taken to be known: one of them may lie. */
  answersEnough: 4,
  /** How long what was found of a service is fresh; older is still used, and looked up behind. */
  serviceFreshMs: 10_000,
  /** The same after a change: it grows to that while there is none. */
  serviceChangedMs: 2000,
  /** The same for a service that nobody offers: it may begin any moment. */
  serviceMissingMs: 1000,
  /** Services that are remembered as looked up. */
  servicesSought: 1024,
  /** Nodes whose clocks are compared. */
  clockVotes: 15,
  /** How often one more is asked for. */
  clockVoteMs: 10_000,

  /** Long messages of one session that are sealed or opened at a time: two cores want some to wait. */
  sealedAtOnce: 8,
  /** What frames for the session itself may take that wait to be sent: a hundred long answers, or a frame for each stream. */
  controlBytes: 4 * 1024 * 1024,
  /** How long a node that was told that the session ends may take to say the same, milliseconds. */
  goodbyeMs: 5000,
  /** Streams that the other side may have open on one session. */
  streams: 1024,
  /** What may come of a body before its reader has taken any of it: all streams of a session together have 64 MiB. */
  streamWindowBytes: 64 * 1024,
  /** What that grows to for a reader who keeps up: 80 MB/s over a line of 50 ms. */
  streamWindowBytesMax: 4 * 1024 * 1024,
  /** What all windows of a session may have grown by together. */
  windowGrowthBytes: 32 * 1024 * 1024,
  /** A window grows when its reader took half of it in less than this, milliseconds; far lines take so long for a window. */
  windowQuickMs: 250,
  /** What waits of one body to be sent; whoever writes more has to wait too. */
  streamQueueBytes: 128 * 1024,
  /** What one stream sends while others wait. */
  turnBytes: 16 * 1024,
  /** Heads of requests and answers, questions and their answers: each is one frame. */
  headBytes: 60 * 1024,
  /** Words for people about a stream that ended, characters. */
  reasonChars: 512,
  /** Questions to one node that are under way. */
  asks: 256,
  /** How long the answer to one may take, milliseconds: it is made of what is in memory. */
  askMs: 5000,
  /** How long nothing may come until the other side is asked for a sign of life, milliseconds. */
  pingMs: 3000,
  /** How long that may take. */
  pongMs: 4000,

  /** How fast a provider's latency is forgotten, milliseconds (to a third): long enough for some samples at 5 a second. */
  latencyDecayMs: 2000,
  /** Latencies below are one: there, noise decides what is faster. Milliseconds. */
  latencyLeastMs: 0.05,
  /** What latency is taken to be before there was any answer at all. */
  latencyFirstMs: 10,
  /** Of how many samples the usual latency of a service is made, from which new providers start. */
  latencyUsualSamples: 64,
  /** A provider is on trial when it is chosen though it took this many times as long when it was last heard of. */
  trialTimes: 2,
  /** Trials that turn out badly, to a call: with 1 in 400 they stay out of the slowest percent. */
  trialShare: 1 / 400,
  /** Trials that may be saved up: what one call after a pause may cost the next ones. */
  trialsMost: 2,
  /** How many times as costly a near provider has to be for a far one to be chosen. */
  localityTimes: 4,
  /** Failures in a row that eject a provider: Envoy's and Finagle's number. */
  ejectFailures: 5,
  /** The part of its calls that failed for which one is ejected: half of them is no bad luck. */
  ejectRate: 0.5,
  /** The fewest calls of which a rate is believed. */
  ejectCalls: 20,
  /** The most of a service's providers that are ejected at a time. */
  ejectShare: 0.5,
  /** How long one is ejected first, milliseconds, at most: a restart takes no longer. Each time more, it doubles. */
  ejectFirstMs: 2000,
  /** How long at most: so long goes a provider that is well again unnoticed. */
  ejectMostMs: 30_000,
  /** After so long without trouble earlier ejections count no more. */
  ejectForgetMs: 120_000,
  /** Over which time failures are counted, milliseconds. */
  failureWindowMs: 10_000,
  /** Good calls that each is credited with, so that the first failure is no rate of 100 %. */
  failureDoubt: 4,
  /** How steeply failures count: 2 % of them as 18 % more latency, 10 % as 2.3 times as much, 30 % as 17 times. */
  failurePower: 8,
  /** How long one that refuses is left alone at first, and at most, milliseconds: its queue is as short as that. */
  restFirstMs: 100,
  restMostMs: 2000,
  /** Providers that are remembered by one chooser. */
  providersKnown: 10_000,
  /** How long one that no call goes to is remembered, milliseconds: its figures are worth nothing by then. */
  providerForgetMs: 600_000,
  /** Retries to a call: with 0.2 an outage multiplies the calls by 1.2. Finagle's number. */
  retryShare: 0.2,
  /**
   * Retries a second that there may be however few calls there are. Saved up over the window, that is more than the calls
   * under way to one of three providers at 64 at a time, which are lost together before many calls were counted.
   * Finagle's 10 come on top of its share, and double the calls of everybody who makes no more than that.
   */
  retryFloor: 3,
  /** Over which time calls and retries are counted, milliseconds. */
  retryWindowMs: 10_000,
  /** A message that opens a session, bytes: ours have less than 200, and later versions may say more. */
  greetMessageBytes: 1024,
  /** Why a node refuses another, bytes of text: it stands in an error. */
  refusalBytes: 256,
  /** Public keys that are kept read, some 0.5 kB each: nodes that sign again and again are those of a few buckets. */
  verifyKeys: 4096,

  /** Sessions of one node with another: processes that share a key are one. */
  sessionsOfNode: 64,
  /** Sessions of a node: some 10 kB each. */
  sessions: 10_000,
  /** How long a session that nobody needs is kept: a handshake costs two round trips. */
  sessionIdleMs: 60_000,
  /** How often is looked for such sessions. */
  sweepMs: 15_000,
  /** Sessions of nodes that have joined by this one, which do not end for being idle: strangers ask for that. */
  sessionsKept: 5000,
  /** Streams that are passed on for one session, or to one: each has buffers of a stream twice. */
  relayedStreams: 256,
  /** How long it may take to reach an address, and how long to greet who is there. */
  dialMs: 5000,
  greetMs: 5000,
  /** How long one address of a node is waited for until the next one is tried beside it. */
  nextAddressMs: 300,
  /** A node that nobody could reach is not tried again for so long at most, while calls would wait for it. */
  holdOffMs: 10_000,
  /** Nodes of which that is remembered. */
  holdOffs: 1000,
  /** How often it is tried to reach a node at its addresses to which others pass calls on. */
  directAgainMs: 30_000,
  /** Addresses of others that are looked at whether they are there: strangers ask for that. */
  probes: 32,
  /** Nodes that wait for such a look: as many as may start at once. */
  probesWaiting: 1024,
  /** How long such a look may take. */
  probeMs: 3000,
  /** How long a node that was found at an address is taken to be there. */
  probeFreshMs: 10 * 60_000,
  /** Addresses of which that is remembered. */
  probesKnown: 4096,
  /** How often a node says again where it is, so that others look again; */
  helloAgainMs: 10 * 60_000,
  /** and while nobody has found it where it listens. */
  helloAloneMs: 30_000,
  /** An address at which nobody has found a node for so long is told no more: two looks may fail. */
  provenMs: 30 * 60_000,
  /** Changes of how a node is reached that come within so long are told at once: each is told for all its services. */
  reachSettlesMs: 200,
  /** A join point that was lost is called again after at most so long at first, */
  joinBackoffMs: 250,
  /** and later on. */
  joinBackoffMsMax: 10_000,
  /** A connection that broke sooner is a failure as any other, which makes the next pause longer. */
  joinSettledMs: 10_000,
  /** A node that was given its own address looks that seldom whether it is still its own. */
  joinSelfMs: 60_000,
  /** How long a node that is started waits to be joined, before it goes on trying beside its work. */
  joinFirstMs: 3000,

  /** How long a list of a service's providers is used before it is made anew. */
  providersFreshMs: 20,
  /** Patterns of one service that lists are kept of, and services that a node calls and remembers. */
  patternsOfService: 64,
  servicesCalled: 1000,
  /** Providers that may fail at one call, */
  callTries: 3,
  /** and those that may turn out not to be there any more, which does no harm: where processes crash, most may be gone; */
  callChoices: 256,
  /** of these, those that take so long to turn that out, milliseconds, */
  callChoiceSlowMs: 50,
  /** and how many of them there may be. */
  callSlowChoices: 16,
  /** How long a call waits for a session with one provider while there are others. */
  callPatienceMs: 300,
  /** How long nothing may move in a call, milliseconds, unless its caller says otherwise. */
  callIdleMs: 60_000,
  /** What is kept of a request's body so that it can be sent to another provider: most are smaller. */
  replayBytes: 64 * 1024,
  /** What is kept of all of them together; with more, requests are sent once. */
  replaysBytes: 64 * 1024 * 1024,

  /** How long a node that leaves waits for others to know that, while it still takes calls. */
  leavingMs: 1000,
  /** No more calls are on their way to it once none has come for so long. */
  leavingQuietMs: 100,
  /** How long calls under way may take when a node leaves. */
  graceMs: 10_000,

  /** What waits to be sent on a link before who writes has to wait: some of the largest messages. */
  linkWaitingBytes: 256 * 1024,
  /** What is read of a connection at a time: with more, a quick one would keep all others waiting. */
  linkReadBytes: 256 * 1024,
  /** A message of a WebSocket that carries a link: longer writes are cut. */
  linkMessageBytes: 256 * 1024,
  /** How long a link that ends may take to send what was written, and the other side to end it too. */
  linkEndMs: 10_000,
  /** How long a connection is silent before the system looks whether it still is one; sessions look sooner. */
  linkKeepAliveMs: 60_000,
  /** Connections that one listener takes, unless the process may have fewer: 17 kB each, 24 kB as WebSockets. */
  links: 10_000,
  /** Connections from one address of IPv4 or one /64 of IPv6: an office behind one address has as many nodes. */
  linksOfHost: 256,
  /** How long a connection may take to say what it is: a few bytes, or the head of a request. */
  firstBytesMs: 10_000,
  /** The head of a request for a WebSocket, bytes: proxies add some fields. */
  upgradeHeadBytes: 16 * 1024,
  /** How long to reach an address may take. */
  connectMs: 10_000,

  /** Ranges of versions, characters, and alternatives and comparisons of one: they are typed by people. */
  rangeChars: 512,
  rangeParts: 32,
  /** Lines of a log that strangers can cause, a second. */
  strangersLines: 10,
} as const;
