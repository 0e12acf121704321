/** Answers of an operation, as a document declares them. */

import type { ApiModel } from "./api_model.ts";
import { isObject, member, textOf } from "./json.ts";
import { type MediaType, readContents } from "./media_types.ts";
import { faultAt, inside, type Place } from "./source_file.ts";

/** An answer for a status, or for several. */
export interface Answer {
  /** `200`, `2XX` or `default`. */
  readonly status: string;
  readonly description: string;
  /** Undefined when nothing is said of its body. */
  readonly contents: readonly MediaType[] | undefined;
  readonly headers: readonly AnswerField[];
  readonly place: Place;
}

/** A header field of an answer. */
export interface AnswerField {
  /** Lower case. */
  readonly name: string;
  readonly required: boolean;
  /** Name of its schema. */
  readonly schema: string | undefined;
  readonly explode: boolean;
}

/**
 * Reads the answers of an operation.
 *
 * @throws {Error} naming what is wrong with one
 */
export function readAnswers(model: ApiModel, responses: Place): readonly Answer[] {
  const statuses = isObject(responses.value) ? Object.keys(responses.value) : [];
  return statuses.filter((status) => !status.startsWith("x-")).map((status) => {
    if (!/^(?:[1-5](?:\d\d|XX)|default)$/.test(status)) {
      throw faultAt(inside(responses, status), "it is no status, nor 2XX or the like, nor default");
    }
    const place = model.references.follow(inside(responses, status));
    if (!isObject(place.value)) throw faultAt(place, "it is no answer");
    const content = inside(place, "content");
    return {
      status,
      description: textOf(place.value, "description") ?? "",
      contents: content.value === undefined ? undefined : readContents(model, content),
      headers: readFields(model, inside(place, "headers")),
      place,
    };
  });
}

function readFields(model: ApiModel, place: Place): readonly AnswerField[] {
  const names = isObject(place.value) ? Object.keys(place.value) : [];
  return names.map((name) => name.toLowerCase() === "content-type" ? undefined : readField(model, inside(place, name)))
    .filter((field) => field !== undefined);
}

function readField(model: ApiModel, named: Place): AnswerField {
  const place = model.references.follow(named);
  const schema = inside(place, "schema");
  return {
    name: named.steps.at(-1)!.toLowerCase(),
    required: member(place.value, "required") === true,
    schema: schema.value === undefined ? undefined : model.schemas.add(schema),
    explode: member(place.value, "explode") === true,
  };
}

/** The answer that is declared for a status. */
export function answerFor(answers: readonly Answer[], status: number): Answer | undefined {
  const names = [String(status), `${Math.floor(status / 100)}XX`, "default"];
  for (const name of names) {
    const found = answers.find((answer) => answer.status === name);
    if (found) return found;
  }
  return undefined;
}
