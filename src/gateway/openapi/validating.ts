/** A handler whose requests and answers are held against an operation of an OpenAPI document. */

import type { Handler } from "../../http/handler.ts";
import { knownBytes } from "../../http/bytes_response.ts";
import { problem } from "../../http/problem.ts";
import type { Log } from "../../log.ts";
import type { OpenApiConfig } from "../config/model.ts";
import { hold, watch } from "./answer_bytes.ts";
import { AnswerCheck } from "./answer_check.ts";
import type { Operation } from "./operation.ts";
import { RequestCheck } from "./request_check.ts";
import { describe, fewEnough, type Violation, violation } from "./violation.ts";

/** What is looked at, and what is done about what is wrong. */
export interface ValidatingOptions {
  /** Refuse requests that break the document: with 422 and every violation. */
  readonly validateIn: boolean;
  /** `log`: tell the log of answers that break it. `strict`: answer 502 instead, too. */
  readonly validateOut: OpenApiConfig["validateOut"];
  readonly log: Log;
  /** Tell clients too what is wrong with an answer. */
  readonly dev?: boolean;
}

/** A handler that can do ahead what its first request would wait for. */
export type ValidatingHandler = Handler & {
  /** Compiles the schemas that it needs. */
  prepare(): void;
};

/**
 * Stands before a handler. Bodies of JSON, forms and texts are read as far as they have to be looked into, and given on as
 * they came; all others stay streams. A body that is looked into has a bound, `limits.parsedBodyBytes`, multipart forms with
 * their files too: more is 413.
 */
export function validating(handler: Handler, operation: Operation, options: ValidatingOptions): ValidatingHandler {
  const requests = options.validateIn ? new RequestCheck(operation) : undefined;
  const answers = options.validateOut === "off" ? undefined : new AnswerCheck(operation);
  const inner = answers ? checkingAnswers(handler, operation, answers, options) : handler;
  const outer: Handler = requests
    ? checkingRequests(inner, operation, requests)
    : (request, info) => inner(request, info);
  return Object.assign(outer, {
    prepare: () => {
      requests?.prepare();
      answers?.prepare();
    },
  });
}

function checkingRequests(handler: Handler, { model }: Operation, check: RequestCheck): Handler {
  return async (request, info) => {
    using claim = model.memory.claim();
    const checked = await check.check(request, claim);
    if (checked.violations.length === 0) return await handler(checked.request, info);
    const detail = "The request is not what the API's document asks for";
    return problem(422, detail, { extensions: { errors: checked.violations } });
  };
}

function checkingAnswers(
  handler: Handler,
  operation: Operation,
  check: AnswerCheck,
  options: ValidatingOptions,
): Handler {
  return async (request, info) => {
    const response = await handler(request, info);
    const head = check.head(request, response);
    const tell = (violations: readonly Violation[]) => report(options, operation, response.status, violations);
    if (options.validateOut === "strict") {
      const [checked, violations] = head.violations.length > 0
        ? [response, head.violations] as const
        : await wholeAnswer(request, response, head.body, operation);
      if (violations.length === 0) return checked;
      await checked.body?.cancel().catch(() => {/* it had broken already */});
      tell(violations);
      return refusal(violations, options.dev ?? false);
    }
    tell(head.violations);
    if (!head.body) return response;
    const look = async (bytes: Uint8Array<ArrayBuffer> | undefined) => tell(bytes ? await head.body!(bytes) : []);
    const known = knownBytes(response);
    if (!known) return watch(response, operation.model.memory, look);
    await look(known);
    return response;
  };
}

/** An answer with all that is wrong with its body. */
async function wholeAnswer(
  request: Request,
  response: Response,
  check: ((bytes: Uint8Array<ArrayBuffer>) => Promise<readonly Violation[]>) | undefined,
  { model }: Operation,
): Promise<readonly [Response, readonly Violation[]]> {
  if (!check) return [response, []];
  const known = knownBytes(response);
  const held = known ? { bytes: known, response } : await hold(request, response, model.memory);
  if (held) return [held.response, await check(held.bytes)];
  return [response, [violation("body", [], "content", "is too large to be checked")]];
}

function report(
  { log, validateOut }: ValidatingOptions,
  { names }: Operation,
  status: number,
  violations: readonly Violation[],
): void {
  if (violations.length === 0) return;
  const level = validateOut === "strict" ? "error" : "warn";
  log(level, "the answer breaks the API's document", { operation: names[0], status, violations: describe(violations) });
}

function refusal(violations: readonly Violation[], dev: boolean): Response {
  const extensions = dev ? { errors: fewEnough(violations) } : {};
  return problem(502, "The answer is not what the API's document promises", { extensions });
}
