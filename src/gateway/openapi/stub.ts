/** Scripts that answer an operation with an example, in several languages: something to begin with. */

import type { Json } from "./json.ts";

/** Languages of stubs. */
export const STUB_LANGUAGES = ["python", "typescript", "javascript", "bash"] as const;

/** A language of stubs. */
export type StubLanguage = typeof STUB_LANGUAGES[number];

/** Whether stubs are written in a language. */
export function isStubLanguage(name: string): name is StubLanguage {
  return (STUB_LANGUAGES as readonly string[]).includes(name);
}

/** What a stub answers. */
export interface StubAnswer {
  readonly status: number;
  /** Header fields, with the type of the body if there is one. */
  readonly headers: Readonly<Record<string, string>>;
  /** What is sent: a value as JSON, or a text; undefined for nothing. */
  readonly body: { readonly json: Json } | { readonly text: string } | undefined;
}

/** A script. */
export interface Stub {
  readonly extension: string;
  readonly source: string;
  /** How it speaks, where that is not its language's usual way. */
  readonly mode: "cgi" | undefined;
}

/** What a script of TypeScript has to be told of what it is given. */
const DECLARATIONS = `interface Answer {
  status(code: number): Answer;
  header(name: string, value: string): Answer;
  end(data?: string): void;
}
declare const service: { readonly res: Answer };
`;

/**
 * Writes a script.
 *
 * @param title a line for people
 */
export function writeStub(language: StubLanguage, title: string, answer: StubAnswer): Stub {
  const line = title.replace(/[^\P{C}\t]|[\u2028\u2029]/gu, " ").trim();
  switch (language) {
    case "python":
      return { extension: ".py", source: python(line, answer), mode: undefined };
    case "bash":
      return { extension: ".sh", source: bash(line, answer), mode: "cgi" };
    case "typescript":
      return { extension: ".ts", source: script(`// ${line}\n${DECLARATIONS}`, answer), mode: undefined };
    case "javascript":
      return { extension: ".js", source: script(`// ${line}`, answer), mode: undefined };
  }
}

function python(line: string, { status, headers, body }: StubAnswer): string {
  const fields = Object.entries(headers).map(([name, value]) => `.header(${quoted(name)}, ${quoted(value)})`).join("");
  const head = `# ${line}\n`;
  const set = `service.res.status(${status})${fields}`;
  if (!body) return `${head}${set}.end()\n`;
  if ("text" in body) return `${head}${set}.end(${quoted(body.text)})\n`;
  return `${head}import json\n\nexample = ${pythonLiteral(body.json, "")}\n\n${set}.end(json.dumps(example))\n`;
}

/** JSON's texts are Python's and JavaScript's too; what is beyond ASCII is escaped, so that it means the same everywhere. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function pythonLiteral(value: Json, indent: string): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return quotedForPython(value);
  if (typeof value !== "object") return String(value);
  const inner = `${indent}    `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const parts = Array.isArray(value)
    ? value.map((item) => pythonLiteral(item, inner))
    : Object.entries(value).map(([name, item]) => `${quotedForPython(name)}: ${pythonLiteral(item as Json, inner)}`);
  return parts.length === 0
    ? open + close
    : `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

/** Python has no surrogates: what is beyond the first plane has an escape of its own. */
function quotedForPython(text: string): string {
  return [...text].map((char) => {
    const code = char.codePointAt(0)!;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : quoted(char).slice(1, -1);
  }).join("").replace(/^|$/g, '"');
}

function script(head: string, { status, headers, body }: StubAnswer): string {
  const fields = Object.entries(headers).map(([name, value]) => `.header(${quoted(name)}, ${quoted(value)})`).join("");
  const set = `service.res.status(${status})${fields}`;
  if (!body) return `${head}\n${set}.end();\n`;
  if ("text" in body) return `${head}\n${set}.end(${quoted(body.text)});\n`;
  return `${head}\nconst example = ${JSON.stringify(body.json, null, 2)};\n\n${set}.end(JSON.stringify(example));\n`;
}

function bash(line: string, { status, headers, body }: StubAnswer): string {
  // A field's value can't have a line end.
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value.replace(/[\r\n]/g, " ")}`);
  const head = [`Status: ${status}`, ...fields].map((field) => shellQuoted(field)).join(" ");
  const start = `#!/usr/bin/env bash\n# ${line}\nprintf '%s\\n' ${head} ''\n`;
  if (!body) return start;
  const text = "text" in body ? body.text : JSON.stringify(body.json, null, 2);
  return `${start}printf '%s' ${shellQuoted(text)}\n`;
}

/** Between these quotes nothing means anything to a shell, but the quote itself. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
