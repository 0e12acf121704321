/** The texts in a request's head that parameters are made of, each taken apart when it is first asked for. */

import { fieldOfRequest, pathOf } from "../../http/served_request.ts";
import { decodePercent, decodePlus, type Pairs, pairsOf } from "./pairs.ts";
import { pair } from "./parameter_style.ts";

/** Texts of one request. */
export class RequestTexts {
  readonly #request: Request;
  readonly #template: readonly string[];
  #query: Pairs | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;

  /** @param template the operation's path, in pieces; its request's path may have more before them */
  constructor(request: Request, template: readonly string[]) {
    this.#request = request;
    this.#template = template;
  }

  readonly decodePath = (text: string): string => decodePercent(text, "path");
  readonly decodeQuery = (text: string): string => decodePlus(text, "query");
  readonly decodeCookie = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // cookies need not be encoded in this way
    }
  };

  get query(): Pairs {
    return this.#query ??= pairsOf(queryOf(this.#request.url), "query");
  }

  get cookies(): ReadonlyMap<string, string> {
    if (this.#cookies) return this.#cookies;
    const cookies = new Map<string, string>();
    for (const part of (this.field("cookie") ?? "").split(";")) {
      const [name, value] = pair(part.trim());
      if (name !== "" && !cookies.has(name)) cookies.set(name, value);
    }
    return this.#cookies = cookies;
  }

  field(name: string): string | null {
    return fieldOfRequest(this.#request, name.toLowerCase());
  }

  /** What stands in the path for a parameter, as it was sent. */
  pathParameter(name: string): string | undefined {
    const index = this.#template.indexOf(`{${name}}`);
    const pieces = pathOf(this.#request.url).split("/");
    return index === -1 ? undefined : pieces.at(index - this.#template.length);
  }
}

function queryOf(url: string): string {
  const start = url.indexOf("?");
  if (start === -1) return "";
  const end = url.indexOf("#", start);
  return url.slice(start + 1, end === -1 ? undefined : end);
}
