/** Parameters of an operation: how each is written, and what it has to be. */

import { isDeeper } from "../../bytes/json_depth.ts";
import { gatewayLimits } from "../limits.ts";
import type { ApiModel } from "./api_model.ts";
import { isObject, member, textOf } from "./json.ts";
import { isJson, parseRange } from "./media_range.ts";
import type { Style } from "./parameter_style.ts";
import type { RequestTexts } from "./request_texts.ts";
import type { Check, Fault } from "./schema_checks.ts";
import { faultAt, inside, type Place } from "./source_file.ts";
import { ANY_SHAPE, type Shape } from "./value_shape.ts";
import { type Violation, violation, violationsOf } from "./violation.ts";
import { type Decode, explodes, type Found, valueInPairs, valueOf } from "./written_value.ts";

/** Where parameters are. */
export type ParameterPlace = "path" | "query" | "header" | "cookie";

/** Styles that each place has; the first is the usual one. */
const STYLES: Readonly<Record<ParameterPlace, readonly Style[]>> = {
  path: ["simple", "label", "matrix"],
  query: ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
  header: ["simple"],
  cookie: ["form"],
};

/** Fields that the specification says are no parameters. */
const NO_PARAMETERS = new Set(["accept", "content-type", "authorization"]);

/** A parameter. */
export interface Parameter {
  readonly name: string;
  readonly in: ParameterPlace;
  readonly required: boolean;
  readonly description: string | undefined;
  /** Name of its schema; undefined when it has none. */
  readonly schema: string | undefined;
  /** It is written as JSON, or as plain text; undefined when by a style. */
  readonly content: "json" | "text" | undefined;
  readonly style: Style;
  readonly explode: boolean;
  readonly allowEmptyValue: boolean;
  readonly place: Place;
}

/**
 * Reads one; undefined for what is none.
 *
 * @throws {Error} naming what is wrong with it
 */
export function readParameter(model: ApiModel, reference: Place): Parameter | undefined {
  const place = model.references.follow(reference);
  const { value } = place;
  if (!isObject(value)) throw faultAt(place, "it is no parameter");
  const name = textOf(value, "name");
  const where = textOf(value, "in") as ParameterPlace;
  if (name === undefined || !Object.hasOwn(STYLES, where)) throw faultAt(place, "it has no name, or is nowhere");
  if (where === "header" && NO_PARAMETERS.has(name.toLowerCase())) return undefined;
  const style = (textOf(value, "style") ?? STYLES[where][0]) as Style;
  if (!STYLES[where].includes(style)) throw faultAt(place, `the style ${style} is none of a ${where} parameter`);
  const required = where === "path" || value.required === true;
  const described = { name, in: where, required, description: textOf(value, "description"), place };
  const content = member(value, "content");
  if (isObject(content)) return { ...described, ...readContent(model, inside(place, "content")) };
  return {
    ...described,
    schema: member(value, "schema") === undefined ? undefined : model.schemas.add(inside(place, "schema")),
    content: undefined,
    style,
    explode: explodes(style, member(value, "explode")),
    allowEmptyValue: where === "query" && value.allowEmptyValue === true,
  };
}

function readContent(
  model: ApiModel,
  place: Place,
): Omit<Parameter, "name" | "in" | "required" | "description" | "place"> {
  const types = Object.keys(place.value!);
  const range = types.length === 1 ? parseRange(types[0]) : undefined;
  if (!range) throw faultAt(place, "the content of a parameter has one media type");
  const schema = inside(place, types[0], "schema");
  return {
    schema: schema.value === undefined ? undefined : model.schemas.add(schema),
    content: isJson(range) ? "json" : "text",
    style: "form",
    explode: false,
    allowEmptyValue: false,
  };
}

/** A parameter, ready to be looked for in requests. */
export class ParameterReader {
  readonly parameter: Parameter;
  readonly #model: ApiModel;
  /** Names in the query that belong to other parameters. */
  readonly #others: ReadonlySet<string>;
  #made: { readonly check: Check; readonly shape: Shape } | undefined;

  constructor(model: ApiModel, parameter: Parameter, others: ReadonlySet<string>) {
    this.#model = model;
    this.parameter = parameter;
    this.#others = others;
  }

  /** Compiles what the check needs. */
  prepare(): { readonly check: Check; readonly shape: Shape } {
    const { schema } = this.parameter;
    return this.#made ??= {
      check: schema === undefined ? () => [] : this.#model.checks.check(schema, "request"),
      shape: schema === undefined ? ANY_SHAPE : this.#model.shapeOf(schema, "request"),
    };
  }

  /** What is wrong with it in a request. */
  check(texts: RequestTexts): readonly Violation[] {
    const { name, in: where, required, allowEmptyValue } = this.parameter;
    const found = this.#find(texts);
    if (!found) return required ? [violation(where, [name], "required", "is required")] : [];
    if ("problem" in found) return [violation(where, [name], found.keyword, found.problem)];
    if (allowEmptyValue && found.text === "") return [];
    return violationsOf(where, [name], this.#faults(found));
  }

  #find(texts: RequestTexts): Found {
    const { name, in: where, content, style, explode } = this.parameter;
    const { shape } = this.prepare();
    const written = { name, style, explode, shape };
    if (where === "query" && content === undefined) {
      return valueInPairs(texts.query, written, texts.decodeQuery, this.#others);
    }
    const [raw, decode] = this.#text(texts);
    if (raw === undefined) return undefined;
    return content === undefined ? valueOf(raw, written, decode) : ofContent(decode(raw), content);
  }

  #text(texts: RequestTexts): [raw: string | undefined, decode: Decode] {
    const { name, in: where } = this.parameter;
    switch (where) {
      case "path":
        return [texts.pathParameter(name), texts.decodePath];
      case "query":
        return [texts.query.get(name)?.[0], texts.decodeQuery];
      case "header":
        return [texts.field(name) ?? undefined, (text) => text.trim()];
      case "cookie":
        return [texts.cookies.get(name), texts.decodeCookie];
    }
  }

  /** Of a text that may be another type too, that is tried first. */
  #faults({ value, text }: { readonly value: unknown; readonly text?: string }): readonly Fault[] {
    const { check, shape } = this.prepare();
    const faults = check(value);
    if (faults.length === 0 || text === undefined || value === text || !shape.types.has("string")) return faults;
    return check(text).length === 0 ? [] : faults;
  }
}

function ofContent(text: string, content: "json" | "text"): Found {
  if (content === "text") return { value: text };
  try {
    const value: unknown = JSON.parse(text);
    if (!isDeeper(value, gatewayLimits.jsonDepth)) return { value };
    return { keyword: "content", problem: `nests deeper than ${gatewayLimits.jsonDepth} levels` };
  } catch {
    return { keyword: "content", problem: "is not valid JSON" };
  }
}
