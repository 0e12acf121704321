/** The `content` of bodies: media ranges, and what a document says of each. */

import type { ApiModel } from "./api_model.ts";
import { isObject, member, textOf } from "./json.ts";
import { type MediaRange, parseRange } from "./media_range.ts";
import type { Style } from "./parameter_style.ts";
import { faultAt, inside, type Place } from "./source_file.ts";
import { explodes } from "./written_value.ts";

/** One media range. */
export interface MediaType {
  /** As it is written. */
  readonly name: string;
  readonly range: MediaRange;
  /** Name of its schema; undefined when it has none. */
  readonly schema: string | undefined;
  /** How the fields of a form are written, by name. */
  readonly encoding: ReadonlyMap<string, Encoding>;
  readonly place: Place;
}

/** How a field of a form is written. */
export interface Encoding {
  /** Undefined when the document says nothing. */
  readonly contentType: string | undefined;
  readonly style: Style;
  readonly explode: boolean;
  /** Its style or explode is given, so that an object is not JSON. */
  readonly isStyled: boolean;
}

/** What nothing is said of. */
export const PLAIN_ENCODING: Encoding = { contentType: undefined, style: "form", explode: true, isStyled: false };

/**
 * Reads the content of a body.
 *
 * @throws {Error} naming what is wrong with it
 */
export function readContents(model: ApiModel, place: Place): readonly MediaType[] {
  if (!isObject(place.value)) throw faultAt(place, "it has no media types");
  return Object.keys(place.value).map((name) => {
    const media = inside(place, name);
    const range = parseRange(name);
    if (!range) throw faultAt(media, `${JSON.stringify(name)} is no media type`);
    const schema = inside(media, "schema");
    return {
      name,
      range,
      schema: schema.value === undefined ? undefined : model.schemas.add(schema),
      encoding: readEncoding(inside(media, "encoding")),
      place: media,
    };
  });
}

const STYLES: readonly string[] = ["form", "spaceDelimited", "pipeDelimited", "deepObject"];

function readEncoding(place: Place): ReadonlyMap<string, Encoding> {
  const encodings = new Map<string, Encoding>();
  if (!isObject(place.value)) return encodings;
  for (const [name, value] of Object.entries(place.value)) {
    const style = textOf(value, "style") ?? "form";
    if (!STYLES.includes(style)) throw faultAt(inside(place, name), `the style ${style} is none of a form`);
    const explode = member(value, "explode");
    encodings.set(name, {
      contentType: textOf(value, "contentType"),
      style: style as Style,
      explode: explodes(style as Style, explode),
      isStyled: textOf(value, "style") !== undefined || explode !== undefined,
    });
  }
  return encodings;
}
