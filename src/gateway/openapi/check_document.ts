/** Whether a document is what the OpenAPI specification asks for, by its published JSON Schema. */

import type { ErrorObject, ValidateFunction } from "ajv";
import { fromPointer, isObject, textOf } from "./json.ts";
import { faultAt, inside, type Place, type SourceFile } from "./source_file.ts";

/** The dialects that differ for us. */
export type OpenApiVersion = "3.0" | "3.1";

/** What the package has besides what its types say: the schema alone, for documents whose parts lie in other files. */
interface SchemaValidator {
  getAjvValidator(version: OpenApiVersion): ValidateFunction;
}

/** Compiled schemas, which never change: to compile one holds up all requests for a tenth of a second. */
const compiled = new Map<OpenApiVersion, ValidateFunction>();

/** Loads the package only when there is a document to check. */
async function schemaCheck(version: OpenApiVersion): Promise<ValidateFunction> {
  const known = compiled.get(version);
  if (known) return known;
  const { Validator } = await import("@seriousme/openapi-schema-validator");
  const validate = (new Validator({ logger: false }) as unknown as SchemaValidator).getAjvValidator(version);
  compiled.set(version, validate);
  return validate;
}

/**
 * Checks the file that holds the document.
 *
 * @returns which version it is of
 * @throws {Error} naming file, line and place
 */
export async function checkDocument(file: SourceFile): Promise<OpenApiVersion> {
  const place: Place = { file, steps: [], value: file.root };
  const version = versionOf(place);
  const validate = await schemaCheck(version);
  if (validate(file.root)) return version;
  const worst = deepest(validate.errors!);
  const steps = fromPointer(worst.instancePath) ?? [];
  const found = Object.values(worst.params).filter((value) => typeof value === "string").join(", ");
  throw faultAt(
    inside(place, ...steps),
    worst.message! + (found && !worst.message!.includes(found) ? `: ${found}` : ""),
  );
}

function versionOf(place: Place): OpenApiVersion {
  if (!isObject(place.value)) throw faultAt(place, "it is no OpenAPI document: it is no object");
  const swagger = textOf(place.value, "swagger");
  if (swagger !== undefined) {
    throw faultAt(place, `it is of Swagger ${swagger}, which is not read: convert it to OpenAPI 3.0`);
  }
  const version = textOf(place.value, "openapi");
  if (version === undefined) throw faultAt(place, `it is no OpenAPI document: it has no member "openapi" with a text`);
  const known = /^(3\.[01])\.\d+(-.+)?$/.exec(version)?.[1];
  if (known === undefined) {
    throw faultAt(inside(place, "openapi"), `OpenAPI ${version} is not read: only 3.0.x and 3.1.x are`);
  }
  return known as OpenApiVersion;
}

/** Of errors of which some only say that none of several alternatives fits, the one that went furthest. */
function deepest(errors: readonly ErrorObject[]): ErrorObject {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split("/").length;
  // Where a reference may stand, everything else is told to be none.
  const telling = errors.filter(({ keyword, params }) =>
    !["oneOf", "anyOf", "if", "not"].includes(keyword) && params.missingProperty !== "$ref"
  );
  return (telling.length > 0 ? telling : errors).reduce((best, error) => depth(error) > depth(best) ? error : best);
}
