/** The check of a body against what a document says of its media type. */

import type { ApiModel } from "./api_model.ts";
import { bodyKind, bodyValue } from "./body_value.ts";
import type { MediaRange } from "./media_range.ts";
import type { MediaType } from "./media_types.ts";
import type { Fault } from "./schema_checks.ts";
import type { Use } from "./schema_context.ts";
import { isObject } from "./json.ts";

/** Tells what is wrong with a body. */
export type BodyCheck = (
  bytes: Uint8Array<ArrayBuffer>,
  type: MediaRange,
  contentType: string,
) => readonly Fault[] | Promise<readonly Fault[]>;

/** Whether a body has to be held to be checked. */
export function isChecked(model: ApiModel, { schema }: MediaType, type: MediaRange, use: Use): boolean {
  const kind = bodyKind(type);
  if (schema === undefined || kind === undefined) return false;
  if (kind !== "text") return true;
  // A text that may be any text needs no look, and can be a stream without end.
  const written = model.schemas.definitions(use)[schema];
  return isObject(written) && Object.keys(written).some((keyword) => keyword !== "type" || written.type !== "string");
}

/** Makes the check; its schema is compiled at once. */
export function bodyCheck(model: ApiModel, { schema, encoding }: MediaType, use: Use): BodyCheck {
  const check = model.checks.check(schema!, use);
  const shape = model.shapeOf(schema!, use);
  return (bytes, type, contentType) => {
    const value = bodyValue(bytes, { kind: bodyKind(type)!, type, contentType, shape, encoding });
    return value instanceof Promise ? value.then(check) : check(value);
  };
}
