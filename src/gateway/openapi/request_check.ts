/** Requests, held against their operation. */

import { HttpError } from "../../errors.ts";
import type { Claim } from "../../http/budget.ts";
import { collectBody } from "../../http/collect_body.ts";
import { bodySource, fieldOfRequest, hasBody, withBody } from "../../http/served_request.ts";
import { limits } from "../../limits.ts";
import { type BodyCheck, bodyCheck, isChecked } from "./body_check.ts";
import { accepts, bestFit, type MediaRange, parseRange } from "./media_range.ts";
import type { MediaType } from "./media_types.ts";
import type { Operation } from "./operation.ts";
import { ParameterReader } from "./parameter.ts";
import { RequestTexts } from "./request_texts.ts";
import { fewEnough, type Violation, violation, violationsOf } from "./violation.ts";

/** A request that was looked at. */
export interface CheckedRequest {
  /** None when it is as it has to be. */
  readonly violations: readonly Violation[];
  /** The same, with its body still to be read. */
  readonly request: Request;
}

/** Holds requests against an operation. */
export class RequestCheck {
  readonly #operation: Operation;
  readonly #template: readonly string[];
  readonly #parameters: readonly ParameterReader[];
  readonly #bodies = new Map<MediaType, BodyCheck>();
  /** Types of the answers that a client can wish for; undefined when there is an answer of which nothing is said. */
  readonly #offered: readonly MediaRange[] | undefined;

  constructor(operation: Operation) {
    const { parameters, model } = operation;
    const names = new Set(parameters.filter((one) => one.in === "query").map(({ name }) => name));
    this.#operation = operation;
    this.#template = operation.path.split("/");
    this.#parameters = parameters.map((one) =>
      new ParameterReader(model, one, new Set([...names].filter((name) => name !== one.name)))
    );
    this.#offered = offeredBy(operation);
  }

  /** Compiles all that it needs, which takes some milliseconds. */
  prepare(): void {
    for (const parameter of this.#parameters) parameter.prepare();
    for (const media of this.#operation.body?.contents ?? []) if (media.schema !== undefined) this.#body(media);
  }

  /**
   * Looks at a request.
   *
   * @param claim what its body is held at the cost of
   * @throws {HttpError} 400 malformed, 406 nothing that it accepts, 413 too large, 415 in a type that is not declared
   */
  async check(request: Request, claim: Claim): Promise<CheckedRequest> {
    this.#negotiate(request);
    const texts = new RequestTexts(request, this.#template);
    const violations = this.#parameters.flatMap((parameter) => parameter.check(texts));
    const checked = await this.#checkBody(request, claim);
    return { request: checked.request, violations: fewEnough([...violations, ...checked.violations]) };
  }

  /** Only where every answer that means success has types, and none of them is wanted. */
  #negotiate(request: Request): void {
    const accept = this.#offered && fieldOfRequest(request, "accept");
    if (!accept || accepts(accept, this.#offered!)) return;
    throw new HttpError(406, `The answer is ${this.#offered!.map(nameOf).join(" or ")}, which is not accepted`);
  }

  async #checkBody(request: Request, claim: Claim): Promise<CheckedRequest> {
    const { body, model } = this.#operation;
    if (!body) return { request, violations: [] };
    if (!hasBody(request)) return { request, violations: missing(body.required) };
    const contentType = fieldOfRequest(request, "content-type") ?? "";
    const type = parseRange(contentType);
    const media = type && bestFit(body.contents, type);
    if (!media) throw unsupported(body.contents);
    if (!isChecked(model, media, type, "request")) return { request, violations: [] };
    const bytes = await readWhole(request, claim);
    const whole = withBody(request, bytes);
    if (bytes.byteLength === 0) return { request: whole, violations: missing(body.required) };
    const faults = await this.#body(media)(bytes, type, contentType);
    return { request: whole, violations: violationsOf("body", [], faults) };
  }

  #body(media: MediaType): BodyCheck {
    let check = this.#bodies.get(media);
    if (!check) this.#bodies.set(media, check = bodyCheck(this.#operation.model, media, "request"));
    return check;
  }
}

/**
 * Makes the check of an operation's requests.
 *
 * @returns a function that gives the violations, and the request with its body still to be read; it throws `HttpError` for
 *   what is no request for the operation at all
 */
export function validateRequest(operation: Operation): (request: Request) => Promise<CheckedRequest> {
  const check = new RequestCheck(operation);
  return async (request) => {
    using claim = operation.model.memory.claim();
    return await check.check(request, claim);
  };
}

function missing(required: boolean): readonly Violation[] {
  return required ? [violation("body", [], "required", "is required")] : [];
}

async function readWhole(request: Request, memory: Claim): Promise<Uint8Array<ArrayBuffer>> {
  const max = limits.parsedBodyBytes;
  const tooLarge = () => new HttpError(413, `The body is larger than ${max} bytes`);
  if ((fieldOfRequest(request, "content-encoding") ?? "identity").toLowerCase() !== "identity") {
    throw new HttpError(415, "Cannot parse a body with a Content-Encoding");
  }
  if (Number(fieldOfRequest(request, "content-length") ?? 0) > max) throw tooLarge();
  const source = bodySource(request);
  if (!source) return new Uint8Array(0);
  try {
    return await collectBody(source, { max, memory, tooLarge });
  } catch (cause) {
    if (cause instanceof HttpError) throw cause;
    throw new HttpError(400, "The body broke off", { cause });
  }
}

function unsupported(contents: readonly MediaType[]): HttpError {
  const names = contents.map(({ name }) => name);
  // RFC 9110 §12.5.1: the field in an answer says what is taken.
  return new HttpError(415, `The body's type is none of ${names.join(", ")}`, {
    headers: { accept: names.join(", ") },
  });
}

function offeredBy({ answers }: Operation): readonly MediaRange[] | undefined {
  const successes = answers.filter(({ status }) => status.startsWith("2"));
  const ranges = successes.map(({ contents }) => contents?.map(({ range }) => range) ?? []);
  return ranges.length > 0 && ranges.every((some) => some.length > 0) ? ranges.flat() : undefined;
}

function nameOf({ type, subtype }: MediaRange): string {
  return `${type}/${subtype}`;
}
