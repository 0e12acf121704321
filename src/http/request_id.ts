/** The id under which a request stands in logs, in the program's environment and in the answer. */

const GRAMMAR = /^[A-Za-z0-9._~-]{1,128}$/;

/** The id that a proxy before us gave in `X-Request-Id`, if it is well formed, else a new one. */
export function requestId(headers: Headers): string {
  const given = headers.get("x-request-id");
  return given !== null && GRAMMAR.test(given) ? given : crypto.randomUUID();
}
