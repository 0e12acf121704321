/** Where a document is to be had by those who use its API. */

import { createHash } from "node:crypto";
import { answerWith } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { fieldOfRequest } from "../../http/served_request.ts";
import type { OpenApiDocument } from "./document.ts";
import { servedDocument } from "./served_document.ts";

/** Where the operations of a document are. */
export interface ServedAt {
  /** Path before those of the document; empty for none. */
  readonly base: string;
}

/** Answers with a document as JSON, in which its server is the one that answers. */
export function documentHandler(document: OpenApiDocument, { base }: ServedAt): Handler {
  const json = JSON.stringify(servedDocument(document, base), null, 2) + "\n";
  return fixedAnswer(new TextEncoder().encode(json), { "content-type": "application/json" });
}

/** Answers GET and HEAD with bytes that never change, and a client that has them with 304. */
export function fixedAnswer(bytes: Uint8Array<ArrayBuffer>, fields: Readonly<Record<string, string>>): Handler {
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  const headers = { ...fields, etag, "cache-control": "no-cache", "x-content-type-options": "nosniff" };
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, "The document is only to be read", { headers: { allow: "GET, HEAD" } });
    }
    const known = fieldOfRequest(request, "if-none-match")?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    if (known?.some((tag) => tag === etag || tag === "*")) return new Response(null, { status: 304, headers });
    return answerWith(request, bytes, { headers });
  };
}
