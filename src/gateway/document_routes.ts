/** The routes that an OpenAPI document makes: one for each operation, and those of the document itself. */

import { createHash } from "node:crypto";
import { nearest } from "../bytes/nearest.ts";
import type { Handler } from "../http/handler.ts";
import type { OpenApiConfig, ServerConfig } from "./config/model.ts";
import type { TargetConfig } from "./config/target_model.ts";
import { noPolicy } from "./config/settle/policy.ts";
import type { GatewayContext } from "./context.ts";
import { docsPage } from "./openapi/docs_page.ts";
import { type OpenApiDocument, operations, readOpenApi } from "./openapi/document.ts";
import { documentHandler } from "./openapi/document_handler.ts";
import type { Operation } from "./openapi/operation.ts";
import { servedDocument } from "./openapi/served_document.ts";
import { validating } from "./openapi/validating.ts";
import type { RoutePlan } from "./route_plan.ts";

/** A document that was read, and what a config says of it. */
export interface OpenedDocument {
  readonly config: OpenApiConfig;
  readonly document: OpenApiDocument;
  /** Tells its content from any other. */
  readonly digest: string;
}

/** What an operation answers that nothing runs. */
const NOT_DONE: TargetConfig = {
  kind: "respond",
  status: 501,
  headers: { "content-type": "application/problem+json" },
  body: JSON.stringify({ type: "about:blank", title: "Not Implemented", status: 501, detail: "Nothing runs this yet" }),
};

/**
 * Reads the documents of servers.
 *
 * @returns one for each server, undefined for those without
 * @throws {Error} naming what is wrong with one, or with what a config says of it
 */
export async function openDocuments(servers: readonly ServerConfig[]): Promise<(OpenedDocument | undefined)[]> {
  return await Promise.all(servers.map(({ openapi }) => openapi && openDocument(openapi)));
}

async function openDocument(config: OpenApiConfig): Promise<OpenedDocument> {
  const document = await readOpenApi(config.document);
  const names = operations(document).flatMap((operation) => operation.names);
  const unknown = Object.entries(config.operations).filter(([name]) => !names.includes(name)).map(
    ([name, { where }]) => {
      const meant = nearest(name, names);
      return `${where}: ${config.document} has no operation ${name}${meant ? `; did you mean ${meant}?` : ""}`;
    },
  );
  if (unknown.length > 0) throw new Error(unknown.join("\n"));
  const content = JSON.stringify(servedDocument(document, config.base));
  return { config, document, digest: createHash("sha256").update(content).digest("hex") };
}

/** Plans the routes of a document. */
export function documentRoutes(opened: OpenedDocument, { log, dev }: Pick<GatewayContext, "log" | "dev">): RoutePlan[] {
  const { config, document } = opened;
  const planned = operations(document).map((operation) => operationRoute(operation, opened, { log, dev }));
  const { documentPath, docsPath, base } = config;
  if (documentPath !== undefined) {
    planned.push(fixedRoute(documentPath, () => documentHandler(document, { base }), opened));
  }
  if (docsPath !== undefined) {
    planned.push(fixedRoute(docsPath, () => docsPage(document, { base, documentPath }), opened));
  }
  return planned;
}

function operationRoute(
  operation: Operation,
  { config, digest }: OpenedDocument,
  { log, dev }: Pick<GatewayContext, "log" | "dev">,
): RoutePlan {
  const { method, pattern, names } = operation;
  const configured = names.map((name) => config.operations[name]).find((found) => found);
  const policy = configured?.policy ?? noPolicy;
  const match = { methods: [method], path: config.base + pattern, hosts: [], headers: [], cors: policy.cors };
  if (!configured) return { match, policy, target: NOT_DONE };
  const { validateIn = config.validateIn, validateOut = config.validateOut } = configured;
  return {
    match,
    policy,
    target: configured.target,
    before: (target) => validating(target, operation, { validateIn, validateOut, log, dev }),
    beforeKey: JSON.stringify([digest, validateIn, validateOut]),
  };
}

/** A route whose answer is made here: its target is never asked. */
function fixedRoute(path: string, make: () => Handler, { digest }: OpenedDocument): RoutePlan {
  const match = { methods: ["GET"], path, hosts: [], headers: [], cors: undefined };
  return { match, policy: noPolicy, target: NOT_DONE, before: make, beforeKey: digest };
}
