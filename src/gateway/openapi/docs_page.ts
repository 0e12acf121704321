/** A page for people who use an API: one document of HTML with no script, and nothing from elsewhere. */

import { createHash } from "node:crypto";
import { answerWith } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { curlLine } from "./curl_line.ts";
import type { OpenApiDocument } from "./document.ts";
import type { ServedAt } from "./document_handler.ts";
import { escapeHtml, Html, html } from "./html.ts";
import { type Json, member, textOf } from "./json.ts";
import type { MediaType } from "./media_types.ts";
import type { Operation } from "./operation.ts";
import { titleOf } from "./served_document.ts";

/** Where the page's parts are. */
export interface DocsOptions extends ServedAt {
  /** Path of the document as JSON, if it is anywhere. */
  readonly documentPath?: string;
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
summary { cursor: pointer; padding: .4rem 0; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 5rem; }
details { border-top: 1px solid #8885; }
details > div { padding: 0 0 1rem 1rem; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; }
pre { background: #8881; padding: .6rem; overflow: auto; max-height: 30rem; }
.deprecated { text-decoration: line-through; }
`;

const FIELDS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
  vary: "Host",
};

/** Stands for the origin, which each request has its own of; no text of a document has it. */
const ORIGIN = "\0origin\0";

/** Answers with the page, which is made when it is first asked for. */
export function docsPage(document: OpenApiDocument, options: DocsOptions): Handler {
  let parts: readonly string[] | undefined;
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, "The page is only to be read", { headers: { allow: "GET, HEAD" } });
    }
    parts ??= pageOf(document, options).text.split(ORIGIN);
    const page = parts.join(escapeHtml(new URL(request.url).origin));
    return answerWith(request, new TextEncoder().encode(page), { headers: FIELDS });
  };
}

function pageOf(document: OpenApiDocument, { base, documentPath }: DocsOptions): Html {
  const { title, version } = titleOf(document);
  const description = textOf(member(document.root, "info"), "description");
  const schemas = Object.entries(member(member(document.root, "components"), "schemas") ?? {});
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>${title}</title>
        <style>${new Html(STYLE)}</style>
      </head>
      <body>
    <h1>${title} ${version}</h1>
    ${paragraph(description)}
    ${documentPath === undefined ? undefined : html`<p><a href="${documentPath}">OpenAPI document</a></p>`}
    <h2>Operations</h2>
    ${document.operations.map((operation) => operationOf(operation, base))}
    ${schemas.length === 0 ? undefined : html`<h2>Schemas</h2>`}
    ${schemas.map(([name, schema]) =>
      html`
        <details>
          <summary>${name}</summary>
          <div>${source(schema)}</div>
        </details>
      `
    )}
      </body>
    </html>
  `;
}

function operationOf(operation: Operation, base: string): Html {
  const { method, path, summary, description, parameters, body, answers, deprecated } = operation;
  const line = html`<b>${method}</b> <code${
    deprecated
      ? html`
        class="deprecated"
      `
      : undefined
  }>${base + path}</code>`;
  return html`
    <details>
      <summary>${line} ${summary}</summary>
      <div>
    ${paragraph(description)}
    <pre>${curlLine(operation, ORIGIN + base)}</pre>
    ${parameters.length === 0 ? undefined : html`
      <h3>Parameters</h3>
      <table>${parameters.map(parameterOf)}</table>
    `}
    ${body ? html`<h3>Body${body.required ? "" : ", optional"}</h3>${paragraph(body.description)}` : undefined}
    ${body?.contents.map((media) => mediaOf(operation, media))}
    <h3>Answers</h3>
    ${answers.map((answer) =>
      html`<p><b>${answer.status}</b> ${answer.description}</p>${
        answer.contents?.map((one) => mediaOf(operation, one))
      }`
    )}
      </div>
    </details>
  `;
}

function parameterOf({ name, in: where, required, description, place }: Operation["parameters"][number]): Html {
  const schema = member(place.value, "schema") ?? member(place.value, "content");
  const kind = `${where}${required ? "" : ", optional"}`;
  return html`
    <tr>
      <th>${name}</th>
      <td>${kind}</td>
      <td><code>${JSON.stringify(schema)}</code></td>
      <td>${description}</td>
    </tr>
  `;
}

function mediaOf({ model }: Operation, { name, schema }: MediaType): Html {
  const written = schema === undefined ? undefined : source(model.schemas.placeOf(schema).value);
  return html`<p><code>${name}</code></p>${written}`;
}

function source(schema: Json | undefined): Html {
  return html`<pre>${JSON.stringify(schema, null, 2)}</pre>`;
}

function paragraph(text: string | undefined): Html | undefined {
  return text === undefined ? undefined : html`<p>${text}</p>`;
}
