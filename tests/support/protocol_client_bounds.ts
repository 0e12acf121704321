/** What the tables of bounds in docs/protocols have to say, by the code. */

import { gatewayLimits } from "../../src/gateway/limits.ts";
import { limits } from "../../src/limits.ts";
import { meshLimits } from "../../src/mesh/limits.ts";

/** Longest path of a socket on Linux (sockaddr_un.sun_path without its NUL). */
const SOCKET_PATH_BYTES = 107;

/** By the file, and by what is bounded. */
export const bounds: Record<string, Record<string, number>> = {
  "registry.md": {
    "a frame": limits.registryFrameBytes,
    "about what of it a list of services fills": limits.registryPartChars,
    "what waits to be sent to one side; then it is cut": limits.registryWaitingBytes,
    "services of one connection": limits.registryServicesOfClient,
    "services of one registry": limits.registryServices,
    "services with a check at one hub": limits.registryChecks,
    "hubs of one registry": limits.registryHubs,
    "metadata of one service": limits.registryMetadataChars,
    "a hello": limits.registryHelloMs,
    "the answer to a close": limits.registryCloseMs,
    "distance of a seal's time from the clock": limits.registrySkewMs,
    "a wait over HTTP": limits.registryWaitMs,
    "a line of seaport's": limits.seaportLineBytes,
  },
  "mesh.md": {
    "a message of the opening": meshLimits.greetMessageBytes,
    "the opening": meshLimits.greetMs,
    "words of a refusal": meshLimits.refusalBytes,
    "a sealed message with its tag": meshLimits.noiseMessageBytes,
    "a head, trailers, a question, an answer": meshLimits.headBytes,
    "header fields of a head": limits.requestFields,
    "streams that one side has open on a session": meshLimits.streams,
    "questions of one side that are not answered": meshLimits.asks,
    "the answer to a question": meshLimits.askMs,
    "the first window of a stream": meshLimits.streamWindowBytes,
    "a message of a WebSocket": meshLimits.linkMessageBytes,
    "sessions of one node with another": meshLimits.sessionsOfNode,
    "streams that are passed on for one session": meshLimits.relayedStreams,
    "connections from one address of IPv4, one /64 of IPv6": meshLimits.linksOfHost,
    "a record": meshLimits.recordBytes,
    "records in one answer": meshLimits.answerRecordsBytes,
    "contacts in one answer": meshLimits.answerContactsBytes,
  },
  "loom.md": {
    "an append over HTTP": limits.appendBodyBytes,
    "an append to a JSON stream": limits.jsonAppendBytes,
    "appends that are held at a time; then 503": limits.appendBodiesInAll,
    "a catch-up answer; the rest comes by the next one": limits.catchUpBytes,
    "a piece that becomes one event": limits.eventBytes,
    "an id of a stream": limits.streamIdBytes,
    "metadata of a stream": limits.streamMetadataBytes,
    "`Stream-Seq`": limits.streamSequenceBytes,
    "`Producer-Id`": limits.producerIdBytes,
    "producers that a stream remembers": limits.streamProducers,
    "an upload that says nothing": limits.uploadIdleMs,
    "spies at a time": limits.spies,
    "subscriptions": limits.subscriptions,
    "streams of one subscription": limits.subscriptionStreams,
    "a request to a subscription": limits.subscriptionBodyBytes,
    "the answer of a webhook": limits.webhookAnswerBytes,
  },
  "callback.md": {
    "header fields of a reply": gatewayLimits.replyHeadBytes,
    "path of the socket": SOCKET_PATH_BYTES,
    "tokens that are remembered": gatewayLimits.repliesRemembered,
    "for how long": gatewayLimits.replyRememberedMs,
    "heirs of a process that has ended": gatewayLimits.replyHeirsMs,
  },
  "program.md": {
    "a head": limits.responseHeadBytes,
    "one variable": limits.envValueBytes,
    "all variables of a request": limits.envBytes,
    "a body that is parsed": limits.parsedBodyBytes,
    "files of a form": limits.formFilesBytes,
    "parameters": limits.parameters,
    "header fields of a request": limits.requestFields,
    "a line of standard error": limits.stderrLineBytes,
    "the whole run, unless said otherwise": limits.timeoutMs,
  },
};
