/** An answer whose body goes through something else on its way. */

import { fromReadableStream, type Source, toReadableStream } from "../bytes/source.ts";
import { keepTrailers } from "./trailers.ts";

/**
 * Puts something between a body and whoever reads it; head and trailers stay.
 *
 * @param response one with a body, which it takes
 */
export function wrapBody(response: Response, wrap: (body: Source) => Source): Response {
  const { status, statusText, headers } = response;
  const body = toReadableStream(wrap(fromReadableStream(response.body!)));
  return keepTrailers(new Response(body, { status, statusText, headers }), response);
}
