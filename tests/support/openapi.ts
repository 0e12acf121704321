/** OpenAPI documents of a test, from texts. */

import { type OpenApiDocument, readOpenApi } from "../../src/gateway/openapi/document.ts";
import type { Operation } from "../../src/gateway/openapi/operation.ts";
import { makeFolder } from "./folder.ts";

/** Reads a document, and the files beside it. */
export async function readDocument(
  text: string,
  beside: Readonly<Record<string, string>> = {},
): Promise<OpenApiDocument> {
  await using folder = await makeFolder({ "api.yaml": text, ...beside });
  return await readOpenApi(folder.file("api.yaml"));
}

/** What is said of a document that can't be used, with the path of its file as `api.yaml`. */
export async function refusal(text: string, beside: Readonly<Record<string, string>> = {}): Promise<string> {
  await using folder = await makeFolder({ "api.yaml": text, ...beside });
  try {
    await readOpenApi(folder.file("api.yaml"));
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder.path}/`, "");
  }
  throw new Error("The document was read");
}

/** A document with one operation, `POST /a`, whose parts are given as JSON. */
export function oneOperation(parts: {
  readonly version?: string;
  readonly path?: string;
  readonly parameters?: readonly unknown[];
  readonly content?: Readonly<Record<string, unknown>>;
  readonly required?: boolean;
  readonly responses?: Readonly<Record<string, unknown>>;
  readonly schemas?: Readonly<Record<string, unknown>>;
}): string {
  const { version = "3.1.0", path = "/a", parameters = [], content, required = true, responses, schemas = {} } = parts;
  return JSON.stringify({
    openapi: version,
    info: { title: "Test", version: "1" },
    paths: {
      [path]: {
        post: {
          parameters,
          ...content ? { requestBody: { required, content } } : {},
          responses: responses ?? { 200: { description: "Done" } },
        },
      },
    },
    components: { schemas },
  });
}

/** Reads a document with one operation. */
export async function readOperation(parts: Parameters<typeof oneOperation>[0]): Promise<Operation> {
  return (await readDocument(oneOperation(parts))).operations[0];
}

/** A request with a body of JSON. */
export function jsonRequest(value: unknown, url = "http://localhost/a"): Request {
  return new Request(url, {
    method: "POST",
    body: typeof value === "string" ? value : JSON.stringify(value),
    headers: { "content-type": "application/json" },
  });
}
