/** Trailer fields of a response (RFC 9110 §6.5), which the Fetch standard has no place for. */

const promised = new WeakMap<Response, Promise<Headers>>();

/** Says that a response has trailers, known when its body has ended. */
export function promiseTrailers(response: Response, trailers: Promise<Headers>): void {
  promised.set(response, trailers);
}

/** The trailers of a response, if it was made with some. Resolves when its body has been read to the end. */
export function trailersOf(response: Response): Promise<Headers> | undefined {
  return promised.get(response);
}

/** Gives an answer that was made of another one the trailers of that. */
export function keepTrailers(made: Response, response: Response): Response {
  const trailers = promised.get(response);
  if (trailers) promised.set(made, trailers);
  return made;
}
