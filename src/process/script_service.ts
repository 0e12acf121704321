/** The object that a script is given in service mode, as TypeScript sees it; docs/programs.md describes it. */

import type { Readable } from "node:stream";
import type { UploadedFile } from "../http/multipart.ts";

/** What a script knows of its request and answers it with. */
export interface ScriptService {
  /** The merged parameters: route, query, body. */
  // deno-lint-ignore no-explicit-any -- a script says which parameters it expects, and of which types
  readonly params: any;
  /** The process's environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The request; reading it reads the body. */
  readonly req: ScriptRequest;
  /** The answer. */
  readonly res: ScriptResponse;
}

/** A request as a script sees it. */
export interface ScriptRequest extends Readable {
  /** Its method. */
  readonly method: string;
  /** Its whole URL. */
  readonly url: string;
  /** The path of it. */
  readonly path: string;
  /** Header fields by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parameters of the query. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Files of a multipart form. */
  readonly files: Readonly<Record<string, UploadedFile | UploadedFile[]>>;
  /** The parsed body where it is JSON but not an object, else null. */
  readonly body: unknown;
  /** `X-Request-Id` of the answer. */
  readonly id: string;
  /** The client's address. */
  readonly remoteAddress: string;
}

/** An answer as a script gives it. Status and header fields may be set until the first byte. */
export interface ScriptResponse {
  /** Sets the status. */
  status(code: number): this;
  /** Sets a header field. */
  header(name: string, value: string): this;
  /** Adds one more header field of a name. */
  append(name: string, value: string): this;
  /** Takes a header field away. */
  remove(name: string): this;
  /** Writes a piece of the body. */
  write(data: string | Uint8Array): boolean;
  /** Sends the head now. */
  flush(): void;
  /** Answers with JSON, and ends. */
  json(value: unknown): void;
  /** Writes the last piece, if any, and ends. */
  end(data?: string | Uint8Array): void;
  /** Sends a trailer field. */
  trailer(name: string, value: string): this;
  /** Fails. */
  error(message: string): void;
}
