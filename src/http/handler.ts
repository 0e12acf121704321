/** The noun that carries everything: what answers a request. */

/** What a server knows of a request besides the request; `Deno.ServeHandlerInfo` fits it. */
export interface RequestInfo {
  /** The client's address. */
  readonly remoteAddr?: { readonly transport?: string; readonly hostname?: string; readonly port?: number };
  /** Parameters that a router took from the path; the weakest of the merged parameters. */
  readonly params?: Readonly<Record<string, string | undefined>>;
}

/** Answers a request. `Deno.serve`, Hono, Oak and all that speaks Fetch can mount one. */
export type Handler = (request: Request, info?: RequestInfo) => Response | Promise<Response>;
