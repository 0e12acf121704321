/** The environment variables of one run, made of its request; what is too long for them lies in a file. */

import { join } from "node:path";
import { HttpError } from "../errors.ts";
import type { Body } from "../http/body.ts";
import type { RequestInfo } from "../http/handler.ts";
import { collect, merge } from "../http/parameters.ts";
import { traceOf } from "../http/trace_context.ts";
import { limits } from "../limits.ts";
import { type RequestFacts, requestJson, requestVariables } from "./environment.ts";

/** What the variables of a run are made of. */
export interface RunFacts {
  readonly id: string;
  readonly request: Request;
  readonly info: RequestInfo;
  readonly body: Body;
  /** Where the program is mounted, without a slash at the end. */
  readonly mount: string;
  /** Makes the run's directory, if it is not there yet. */
  readonly directory: () => Promise<string>;
}

/**
 * Makes the variables.
 *
 * @throws {HttpError} 400 for a path that no variable can hold
 */
export async function runVariables(run: RunFacts): Promise<Record<string, string>> {
  const facts = requestFacts(run);
  const json = requestJson(facts);
  const variables = requestVariables(facts);
  if (json.length * 3 <= limits.envJsonBytes) return { ...variables, SLUICE_REQUEST: json };
  const file = join(await run.directory(), "request.json");
  await Deno.writeTextFile(file, json, { createNew: true, mode: 0o600 });
  return { ...variables, SLUICE_REQUEST_FILE: file };
}

function requestFacts({ id, request, info, body, mount }: RunFacts): RequestFacts {
  const url = new URL(request.url);
  const query = collect(url.searchParams);
  const { method, headers } = request;
  const isBodiless = method === "GET" || method === "HEAD"; // what comes all the same is dropped
  const announced = isBodiless ? null : headers.get("content-length");
  return {
    id,
    request,
    url,
    mount,
    pathInfo: pathBelow(url.pathname, mount),
    remoteAddress: info.remoteAddr?.hostname ?? "",
    query,
    params: merge(info.params ?? {}, query, body.fields),
    files: body.files,
    json: body.json,
    contentLength: body.content instanceof Uint8Array
      ? body.content.byteLength
      : announced === null
      ? undefined
      : Number(announced),
    trace: traceOf(request, info),
    user: info.user,
  };
}

/** The decoded path below a mount (RFC 3875 §4.1.5). */
function pathBelow(pathname: string, mount: string): string {
  let path: string;
  try {
    path = decodeURIComponent(pathname.startsWith(mount) ? pathname.slice(mount.length) : pathname);
  } catch (cause) {
    throw new HttpError(400, "The path is not valid percent-encoded UTF-8", { cause });
  }
  if (path.includes("\0")) throw new HttpError(400, "The path holds a NUL byte");
  return path;
}
