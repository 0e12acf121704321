/**
 * An OpenAPI document (3.0 or 3.1), read and made ready to hold requests and answers against it. All that can be wrong with
 * it is said when it is read; its schemas are compiled when they are first needed.
 */

import { ApiModel } from "./api_model.ts";
import { checkDocument, type OpenApiVersion } from "./check_document.ts";
import { isArray, isObject, type JsonObject, textOf } from "./json.ts";
import type { Operation } from "./operation.ts";
import { readOperations } from "./read_operations.ts";
import { References } from "./references.ts";
import { faultAt } from "./source_file.ts";

/** A document. */
export interface OpenApiDocument {
  /** As it was given. */
  readonly path: string;
  readonly version: OpenApiVersion;
  /** The content of its file. */
  readonly root: JsonObject;
  /** Its files. */
  readonly references: References;
  readonly operations: readonly Operation[];
}

/**
 * Reads a document, and the files beside it or in folders below that its references name. Nothing is read from elsewhere.
 *
 * @param path of a file .yaml, .yml or .json
 * @throws {Error} naming file, line and place of what can't be used
 * @throws {Deno.errors.NotFound} when there is no such file
 */
export async function readOpenApi(path: string): Promise<OpenApiDocument> {
  const references = new References(path);
  const version = await checkDocument(references.main);
  const model = new ApiModel(references, version);
  const root = references.main.root as JsonObject;
  const dialect = textOf(root, "jsonSchemaDialect");
  if (
    dialect !== undefined && !/^https:\/\/(?:spec\.openapis\.org\/oas|json-schema\.org\/draft\/2020-12)\//.test(dialect)
  ) {
    const place = { file: references.main, steps: ["jsonSchemaDialect"], value: dialect };
    throw faultAt(place, "schemas are read as those of JSON Schema 2020-12 only");
  }
  const operations = readOperations(model);
  model.schemas.finish();
  return { path, version, root, references, operations };
}

/** The operations of a document, in its order. */
export function operations(document: OpenApiDocument): readonly Operation[] {
  return document.operations;
}

/** The path of a document's first server, such as `/api/v3`, without a slash at its end; empty when it has none. */
export function serverBase({ root }: OpenApiDocument): string {
  const first = isArray(root.servers) ? root.servers[0] : undefined;
  let url = textOf(first, "url") ?? "";
  const variables = isObject(first) ? first.variables : undefined;
  url = url.replace(/\{([^{}]*)\}/g, (whole, name: string) => {
    const variable = isObject(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined;
    return textOf(variable, "default") ?? whole;
  });
  if (!URL.canParse(url, "http://localhost/")) return "";
  return new URL(url, "http://localhost/").pathname.replace(/\/+$/, "");
}
