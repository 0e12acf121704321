/** What a server's refusal means to whoever writes or reads a stream. */

import { StreamClientError, type StreamClientErrorCode } from "./client_error.ts";

/**
 * Makes an error of an answer that trying again would not change.
 *
 * @param method of the request
 * @param detail what the server said
 */
export function refusal(method: string, response: Response, detail: string): StreamClientError {
  const { status, headers } = response;
  if (status >= 300 && status < 400) {
    return new StreamClientError("refused", `The server has moved: use ${headers.get("location") ?? "its new URL"}`);
  }
  const [code, meaning] = meaningOf(method, status, headers);
  const said = detail && !meaning.includes(detail) ? ` (${detail})` : "";
  return new StreamClientError(code, meaning + said);
}

function meaningOf(method: string, status: number, headers: Headers): [StreamClientErrorCode, string] {
  switch (status) {
    case 401:
      return ["unauthorized", "The server wants a token, or another one"];
    case 403:
      return ["forbidden", "The server does not allow it"];
    case 404:
      return ["not-found", "There is no such stream"];
    case 409:
      return conflict(method, headers);
    case 410:
      return method === "GET"
        ? ["gone", "What was asked for is kept no longer"]
        : ["not-found", "The stream was deleted, and is kept for forks of it only"];
    case 413:
      return ["refused", "The server takes no request so large"];
    default:
      return ["refused", `The server answered ${status}`];
  }
}

function conflict(method: string, headers: Headers): [StreamClientErrorCode, string] {
  if (method === "PUT") return ["exists", "There is a stream of that id already"];
  if (headers.get("stream-closed") === "true") return ["closed", "The stream has been ended by somebody else"];
  const expected = headers.get("producer-expected-seq");
  if (expected === null) return ["refused", "The stream is not what it was made as"];
  return ["lost", `The server has lost what it had acknowledged: it asks for request ${expected} again`];
}
