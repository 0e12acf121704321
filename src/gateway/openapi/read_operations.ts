/** The operations of a document, from its `paths`. */

import { readAnswers } from "./answer.ts";
import type { ApiModel } from "./api_model.ts";
import { isArray, isObject, member, textOf } from "./json.ts";
import { readContents } from "./media_types.ts";
import type { Operation, RequestBody } from "./operation.ts";
import { type Parameter, readParameter } from "./parameter.ts";
import { faultAt, inside, type Place } from "./source_file.ts";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch"] as const;

/**
 * Reads all operations.
 *
 * @throws {Error} naming what can't be used
 */
export function readOperations(model: ApiModel): readonly Operation[] {
  const { main } = model.references;
  const paths = inside({ file: main, steps: [], value: main.root }, "paths");
  const names = isObject(paths.value) ? Object.keys(paths.value).filter((path) => path.startsWith("/")) : [];
  const patterns = new Map<string, string>();
  const operations = names.flatMap((path) => {
    const pattern = toPattern(inside(paths, path), path);
    const same = pattern.replace(/\{\w+\}/g, "{}");
    const other = patterns.get(same);
    if (other !== undefined) throw faultAt(inside(paths, path), `it is the same as the path ${other}`);
    patterns.set(same, path);
    return readPathItem(model, inside(paths, path), path, pattern);
  });
  checkIds(operations, paths);
  return operations;
}

function readPathItem(model: ApiModel, reference: Place, path: string, pattern: string): readonly Operation[] {
  const item = model.references.follow(reference);
  if (!isObject(item.value)) throw faultAt(item, "it is no path item");
  if (isObject(item.value.trace)) throw faultAt(inside(item, "trace"), "no server of ours answers TRACE");
  return METHODS.filter((method) => Object.hasOwn(item.value as object, method)).map((method) => {
    const place = inside(item, method);
    const operationId = textOf(place.value, "operationId");
    const name = `${method.toUpperCase()} ${path}`;
    const tags = member(place.value, "tags");
    return {
      method: method.toUpperCase(),
      path,
      pattern,
      operationId,
      names: operationId === undefined ? [name] : [operationId, name],
      summary: textOf(place.value, "summary") ?? textOf(item.value, "summary"),
      description: textOf(place.value, "description"),
      tags: isArray(tags) ? tags.map(String) : [],
      deprecated: member(place.value, "deprecated") === true,
      parameters: readParameters(model, item, place, path),
      body: readBody(model, inside(place, "requestBody")),
      answers: readAnswers(model, inside(place, "responses")),
      model,
    };
  });
}

/** Those of the path, and of the operation, which replace them. */
function readParameters(model: ApiModel, item: Place, operation: Place, path: string): readonly Parameter[] {
  const parameters = new Map<string, Parameter>();
  for (const list of [inside(item, "parameters"), inside(operation, "parameters")]) {
    if (list.value !== undefined && !isArray(list.value)) throw faultAt(list, "it is no list of parameters");
    for (const index of (list.value ?? []).keys()) {
      const parameter = readParameter(model, inside(list, String(index)));
      if (!parameter) continue;
      if (parameter.in === "path" && !path.split("/").includes(`{${parameter.name}}`)) {
        throw faultAt(inside(list, String(index)), `the path ${path} has no {${parameter.name}}`);
      }
      parameters.set(`${parameter.in} ${parameter.name}`, parameter);
    }
  }
  return [...parameters.values()];
}

function readBody(model: ApiModel, reference: Place): RequestBody | undefined {
  if (reference.value === undefined) return undefined;
  const place = model.references.follow(reference);
  return {
    required: member(place.value, "required") === true,
    description: textOf(place.value, "description"),
    contents: readContents(model, inside(place, "content")),
  };
}

/** A path as a route has it: each piece is plain text, or a parameter whose name is a word. */
function toPattern(place: Place, path: string): string {
  const names = new Set<string>();
  const pieces = path.slice(1).split("/").map((piece) => {
    if (!/[{}]/.test(piece)) {
      // What a route gives a meaning of its own can't be written in one.
      if (/^[:*]|[?#\\\s]/.test(piece)) throw faultAt(place, `no route can have the piece ${JSON.stringify(piece)}`);
      return piece;
    }
    const name = /^\{([^{}]+)\}$/.exec(piece)?.[1];
    if (name === undefined) {
      throw faultAt(place, `a parameter is a whole piece between slashes, which ${JSON.stringify(piece)} is not`);
    }
    const word = name.replace(/\W/g, "_").replace(/^(?=\d)/, "_");
    if (names.has(word) || word === "__proto__") throw faultAt(place, `it has two parameters ${word}`);
    names.add(word);
    return `{${word}}`;
  });
  return `/${pieces.join("/")}`;
}

function checkIds(operations: readonly Operation[], paths: Place): void {
  const known = new Set<string>();
  for (const { operationId, path } of operations) {
    if (operationId === undefined) continue;
    if (known.has(operationId)) throw faultAt(inside(paths, path), `another operation is ${operationId} too`);
    known.add(operationId);
  }
}
