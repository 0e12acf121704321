/**
 * Files of a directory: conditions, ranges, forms compressed ahead, and nothing that lies elsewhere. A small file that was
 * asked for before costs one look at its state; a large one is read in chunks, at the pace of the client.
 */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { answerWith } from "../../http/bytes_response.ts";
import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { fieldOfRequest, pathOf } from "../../http/served_request.ts";
import { chooseCoding } from "../../http/accept_encoding.ts";
import type { Log } from "../../log.ts";
import type { StaticConfig } from "../config/target_model.ts";
import { answerFile } from "./static_answer.ts";
import { CODED_NAMES, pathOfFile, type StaticCoding, type StaticFile } from "./static_file.ts";
import { listFolder, LISTING_HEADERS } from "./static_listing.ts";
import { joinRoot } from "./static_open.ts";
import { belowRoot } from "./static_path.ts";
import { FileTable } from "./static_table.ts";

/** Options of {@linkcode staticFiles}. */
export interface StaticOptions {
  /** The parameter of the route's path that is the path below the root; undefined: the root itself is asked for. */
  readonly wildcard?: string;
  /** Told of links that lead out of the root. */
  readonly log: Log;
}

const CODINGS = Object.keys(CODED_NAMES) as StaticCoding[];

/** Serves files. */
export function staticFiles(config: StaticConfig, options: StaticOptions): Handler {
  const site = new StaticSite(config, options.log);
  const { wildcard } = options;
  return (request, info) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, `The method ${request.method} can't be used on a file`, { headers: { allow: "GET, HEAD" } });
    }
    if (config.isFile) return site.file(request, config.root) ?? notFound();
    if (wildcard === undefined) return site.answer(request, "");
    const rest = info?.params?.[wildcard] ?? "";
    // `/f` of the route `/f/*rest`: links in a page are relative to the folder, which it is with its slash alone.
    return rest === "" && !pathOf(request.url).endsWith("/") ? redirectToFolder(request) : site.answer(request, rest);
  };
}

class StaticSite {
  readonly #config: StaticConfig;
  readonly #files: FileTable;

  constructor(config: StaticConfig, log: Log) {
    this.#config = config;
    this.#files = new FileTable(config, log);
  }

  /** Answers with what is below the root. */
  answer(request: Request, rest: string): Response | Promise<Response> {
    const asked = belowRoot(rest);
    if (!asked) return notFound();
    const path = joinRoot(this.#config.root, asked.path);
    const found = asked.isFolder ? this.#folder(request, path, rest === "") : this.#fileOrFolder(request, path);
    return found ?? this.#fallback(request) ?? notFound();
  }

  /** Answers with a file; undefined when there is none. */
  file(request: Request, path: string): Response | undefined {
    const file = this.#files.get(path);
    if (file === undefined || file === "folder") return undefined;
    return answerFile(request, this.#coded(request, file), this.#files);
  }

  #fileOrFolder(request: Request, path: string): Response | undefined {
    const file = this.#files.get(path);
    if (file === "folder") return redirectToFolder(request);
    return file && answerFile(request, this.#coded(request, file), this.#files);
  }

  #folder(request: Request, path: string, isRoot: boolean): Response | Promise<Response> | undefined {
    for (const name of this.#config.index) {
      const response = this.file(request, joinRoot(path, name));
      if (response) return response;
    }
    if (!this.#config.listing) return undefined;
    const folder = this.#files.openFolder(path);
    if (folder?.state.kind === "folder") return listing(request, listFolder(folder, this.#config.root, isRoot), folder);
    folder?.[Symbol.dispose]();
  }

  #fallback(request: Request): Response | undefined {
    const { fallback, root } = this.#config;
    return fallback === undefined ? undefined : this.file(request, resolve(root, fallback));
  }

  /** The form of a file that the client likes best. */
  #coded(request: Request, file: StaticFile): StaticFile {
    if (!this.#config.precompressed) return file;
    const codings = CODINGS.filter((coding) => existsSync(pathOfFile(file.path, coding)));
    const coding = codings.length > 0 && chooseCoding(fieldOfRequest(request, "accept-encoding"), codings);
    const coded = coding ? this.#files.get(file.path, coding) : undefined;
    return coded === undefined || coded === "folder" ? file : coded;
  }
}

async function listing(request: Request, page: Promise<string>, folder: Disposable): Promise<Response> {
  using _folder = folder;
  return answerWith(request, new TextEncoder().encode(await page), { headers: { ...LISTING_HEADERS } });
}

/** To the name with a slash behind it, said relative to where the client is: its own host and folder, whatever they are. */
function redirectToFolder(request: Request): Response {
  const { url } = request;
  const query = url.includes("?") ? url.slice(url.indexOf("?")) : "";
  const path = pathOf(url);
  const location = `./${path.slice(path.lastIndexOf("/") + 1)}/${query}`;
  return new Response(null, { status: 301, headers: { location } });
}

function notFound(): Response {
  return problem(404, "There is no such file");
}
