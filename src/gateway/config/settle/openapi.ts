/** The document that a server's requests and answers are held against. */

import type { OpenApiConfig } from "../model.ts";
import type { Place } from "../place.ts";
import type { RawOpenApi } from "../raw.ts";
import { show } from "../schema/check.ts";
import { operationOf, type RouteScope } from "./route.ts";
import { fileOf } from "./values.ts";

/** Reads it. What stands in the document itself is not looked at. */
export function openApiOf(place: Place, raw: RawOpenApi, scope: RouteScope): OpenApiConfig | undefined {
  const { base = "", validateIn = true, validateOut = "log", documentPath = "/openapi.json", docsPath = "/docs" } = raw;
  const document = fileOf(place.at("document"), raw.document);
  const operations = Object.fromEntries(
    Object.entries(raw.operations ?? {}).flatMap(([name, operation]) => {
      const at = place.at("operations", name);
      const settled = operationOf(at, operation, scope);
      return settled ? [[operationKey(name), settled]] : [];
    }),
  );
  return document === undefined ? undefined : {
    document,
    base: base === "" ? "" : pathOf(place.at("base"), base).replace(/\/$/, ""),
    validateIn,
    validateOut,
    documentPath: documentPath === false ? undefined : pathOf(place.at("documentPath"), documentPath),
    docsPath: docsPath === false ? undefined : pathOf(place.at("docsPath"), docsPath),
    operations,
  };
}

/** `post /pet` as `POST /pet`; an operationId stays what it is. */
function operationKey(name: string): string {
  const [, method, path] = /^([A-Za-z]+)\s+(\/.*)$/.exec(name) ?? [];
  return method === undefined ? name : `${method.toUpperCase()} ${path}`;
}

function pathOf(place: Place, path: string): string {
  if (!/^\/[^\s?#:*{}]*$/.test(path)) place.fault(`is ${show(path)}, which is no path such as "/v1"`);
  return path;
}
