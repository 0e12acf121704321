/** The noun that carries everything: what answers a request. */

/** What a server knows of a request besides the request; `Deno.ServeHandlerInfo` fits it. */
export interface RequestInfo {
  /** The client's address. */
  readonly remoteAddr?: { readonly transport?: string; readonly hostname?: string; readonly port?: number };
  /** Parameters that a router took from the path; the weakest of the merged parameters. */
  readonly params?: Readonly<Record<string, string | undefined>>;
  /** The trace that it belongs to, where whoever passes it on has begun one; else its own fields tell. */
  readonly trace?: TraceContext;
  /** Who was let in, where the client was asked for a proof; nothing that it sends can say so. */
  readonly user?: RequestUser;
}

/** Whose request it is. */
export interface RequestUser {
  /** As it was let in by; a bearer is `token N`. */
  readonly name: string;
  /** How it was proven. */
  readonly scheme: "Basic" | "Bearer";
}

/** The fields of a trace (W3C Trace Context), as they go to the next part of a system. */
export interface TraceContext {
  /** `00-TRACE-SPAN-FLAGS`. */
  readonly traceparent: string;
  /** What tracing systems keep along the way; undefined when there is nothing. */
  readonly tracestate: string | undefined;
}

/** Answers a request. `Deno.serve`, Hono, Oak and all that speaks Fetch can mount one. */
export type Handler = (request: Request, info?: RequestInfo) => Response | Promise<Response>;
