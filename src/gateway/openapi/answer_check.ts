/** Answers, held against what their operation declares. */

import { HttpError } from "../../errors.ts";
import { fieldOf } from "../../http/bytes_response.ts";
import { type Answer, type AnswerField, answerFor } from "./answer.ts";
import { type BodyCheck, bodyCheck, isChecked } from "./body_check.ts";
import { bestFit, type MediaRange, parseRange } from "./media_range.ts";
import type { MediaType } from "./media_types.ts";
import type { Operation } from "./operation.ts";
import { type Violation, violation, violationsOf } from "./violation.ts";
import { valueOf } from "./written_value.ts";

/** What an answer's head says of it. */
export interface CheckedHead {
  readonly violations: readonly Violation[];
  /** What its body has to be held against; undefined when it has none, or one that is not looked into. */
  readonly body: ((bytes: Uint8Array<ArrayBuffer>) => Promise<readonly Violation[]>) | undefined;
}

const NO_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** Holds answers against an operation. */
export class AnswerCheck {
  readonly #operation: Operation;
  readonly #bodies = new Map<MediaType, BodyCheck>();

  constructor(operation: Operation) {
    this.#operation = operation;
  }

  /** Compiles all that it needs, which takes some milliseconds. */
  prepare(): void {
    for (const { contents, headers } of this.#operation.answers) {
      for (const media of contents ?? []) if (media.schema !== undefined) this.#body(media);
      for (const { schema } of headers) if (schema !== undefined) this.#operation.model.checks.check(schema, "answer");
    }
  }

  /** Looks at all but the body. */
  head(request: Request, response: Response): CheckedHead {
    const answer = answerFor(this.#operation.answers, response.status);
    const contentType = fieldOf(response, "content-type") ?? "";
    const type = parseRange(contentType);
    if (isConfession(response.status, type, answer)) return { violations: [], body: undefined };
    if (!answer) {
      const why = `is ${response.status}, which is not declared`;
      return { violations: [violation("status", [], "responses", why)], body: undefined };
    }
    const violations = answer.headers.flatMap((field) => this.#field(field, response));
    const hasBody = !NO_BODY.has(response.status) && request.method !== "HEAD";
    // Of an answer without content nothing is said but that it has none to speak of.
    if (!hasBody || !answer.contents || answer.contents.length === 0) return { violations, body: undefined };
    const media = type && bestFit(answer.contents, type);
    if (!media) {
      const why = type ? "is of a type that is not declared" : "has no type";
      return { violations: [...violations, violation("header", ["content-type"], "content", why)], body: undefined };
    }
    if (!isChecked(this.#operation.model, media, type, "answer")) return { violations, body: undefined };
    if ((fieldOf(response, "content-encoding") ?? "identity").toLowerCase() !== "identity") {
      const why = "is a coding that can't be looked into";
      return {
        violations: [...violations, violation("header", ["content-encoding"], "content", why)],
        body: undefined,
      };
    }
    return { violations, body: (bytes) => this.#checkBody(bytes, media, type, contentType) };
  }

  async #checkBody(
    bytes: Uint8Array<ArrayBuffer>,
    media: MediaType,
    type: MediaRange,
    contentType: string,
  ): Promise<readonly Violation[]> {
    try {
      return violationsOf("body", [], await this.#body(media)(bytes, type, contentType));
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return [violation("body", [], "content", error.message)]; // in the words that a client would be told
    }
  }

  #field({ name, required, schema, explode }: AnswerField, response: Response): readonly Violation[] {
    const text = fieldOf(response, name);
    if (text === undefined) return required ? [violation("header", [name], "required", "is required")] : [];
    if (schema === undefined) return [];
    const { checks } = this.#operation.model;
    const shape = this.#operation.model.shapeOf(schema, "answer");
    const found = valueOf(text, { name, style: "simple", explode, shape }, (part) => part.trim());
    if (!found || "problem" in found) return [violation("header", [name], "style", "is not written as declared")];
    return violationsOf("header", [name], checks.check(schema, "answer")(found.value));
  }

  #body(media: MediaType): BodyCheck {
    let check = this.#bodies.get(media);
    if (!check) this.#bodies.set(media, check = bodyCheck(this.#operation.model, media, "answer"));
    return check;
  }
}

/** A problem document that says itself that something failed, where the operation's document says nothing of such. */
function isConfession(status: number, type: MediaRange | undefined, answer: Answer | undefined): boolean {
  if (status < 400 || type?.type !== "application" || type.subtype !== "problem+json") return false;
  return !answer?.contents || !bestFit(answer.contents, type);
}
