/**
 * What a gateway's file says, whichever form it was written in: every default filled in, every path absolute, every time in
 * milliseconds and every size in bytes. The schema, the adapters and the rest of the room meet here.
 */

import type { TargetConfig } from "./target_model.ts";

/** The whole file. */
export interface GatewayConfig {
  /** What the gateway is called in its log; undefined for no name. */
  readonly name: string | undefined;
  /** At least one. Those that listen on one address share its socket, and are told apart by their hosts. */
  readonly servers: readonly ServerConfig[];
  /** Hubs in which roles are looked up; undefined when no route names a role. */
  readonly registry: RegistryConfig | undefined;
  /** The mesh in which services are looked up; undefined when no route names one. */
  readonly mesh: MeshConfig | undefined;
  /** Where the operator's questions are answered; undefined for nowhere. */
  readonly admin: AdminConfig | undefined;
  /** Where programs reply by callback; undefined when no route waits for one. */
  readonly reply: ReplyConfig | undefined;
  /** How requests are logged. */
  readonly accessLog: "human" | "json" | "combined" | "none";
  /** How long requests under way may take when the gateway is told to stop, milliseconds. */
  readonly graceMs: number;
  /** Show inner messages and standard error to clients. */
  readonly dev: boolean;
}

/** Where a socket listens. */
export interface Address {
  /** Name or IP address, without brackets. */
  readonly hostname: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** A socket of the file system. */
export interface UnixAddress {
  /** Absolute. */
  readonly path: string;
}

/** Routes, and where they are to be had. */
export interface ServerConfig {
  readonly listen: readonly Address[];
  /** Names that it answers to, lower case, `*.example.com` for all below; none: all that no other server has. */
  readonly hosts: readonly string[];
  readonly tls: TlsConfig | undefined;
  /** Listens here too, and sends clients on to https; undefined for nowhere. Also answers HTTP-01 challenges. */
  readonly redirectHttp: Address | undefined;
  /** A path with a slash too many or too few is redirected to the one that a route has. */
  readonly redirectTrailingSlash: boolean;
  /** A path in the wrong case is redirected to the one that a route has. */
  readonly redirectCase: boolean;
  /** Believe `X-Forwarded-*` and `Forwarded`: only behind a proxy that sets them. */
  readonly trustForwarded: boolean;
  readonly limits: ServerLimits;
  readonly routes: readonly RouteConfig[];
  readonly openapi: OpenApiConfig | undefined;
}

/** Bounds on connections, before a route is known. */
export interface ServerLimits {
  /** Request line and header fields of any request, bytes: 431. */
  readonly headBytes: number;
  /** How long a client may take to send its head, milliseconds. */
  readonly headMs: number;
  /** How long a client may send nothing of a body that is asked for, milliseconds. */
  readonly bodyIdleMs: number;
  /** How long a client may take nothing of an answer, milliseconds. */
  readonly responseStallMs: number;
  /** How long an idle connection is kept, milliseconds. */
  readonly keepAliveMs: number;
}

/** Where certificates come from. */
export type TlsConfig =
  | { readonly kind: "files"; readonly cert: string; readonly key: string }
  /** Made at the first start and kept in `dir`; for development. */
  | { readonly kind: "selfSigned"; readonly dir: string }
  | AcmeConfig;

/** Certificates of an authority that speaks ACME (RFC 8555), for the server's hosts. */
export interface AcmeConfig {
  readonly kind: "acme";
  /** URL of the authority's directory. */
  readonly directory: string;
  readonly email: string | undefined;
  /** Account, keys and certificates lie here. */
  readonly dir: string;
  /** Renew when less than this is left, milliseconds; before that by a random part of it. */
  readonly renewBeforeMs: number;
  /** File with a certificate, as PEM, that the authority's own server is checked against; undefined for the system's. */
  readonly caCert: string | undefined;
}

/** Hubs to look roles up in. */
export interface RegistryConfig {
  /** `host:port`, at least one. */
  readonly hubs: readonly string[];
}

/** Where the gateway joins the mesh. */
export interface MeshConfig {
  /** Where nodes reach it. */
  readonly listen: readonly Address[];
  /** Nodes by which it joins: `tcp://HOST:PORT` or WebSocket URLs. */
  readonly join: readonly string[];
  /** Where others reach it, if that is not where it listens. */
  readonly advertise: readonly string[];
  /** File of its own key; undefined for a new one at each start. */
  readonly key: string | undefined;
  /** File of the key that all nodes have; undefined for none. */
  readonly networkKey: string | undefined;
  /** Ids of nodes that may join; undefined for all. */
  readonly allow: readonly string[] | undefined;
  /** Where clients of flatend 0.0.8 connect; undefined for nowhere. */
  readonly flatend: Address | undefined;
}

/** The operator's side: a loopback address or a socket, and nothing else. */
export interface AdminConfig {
  readonly listen: Address | UnixAddress;
  /** How long a process is known there after its end, milliseconds. */
  readonly processesKeptMs: number;
}

/** Replies by callback. */
export interface ReplyConfig {
  readonly socket: UnixAddress;
  /** Put a secret into the id, so that who guesses or sees a request id elsewhere can't reply. */
  readonly secret: boolean;
}

/** One route: what it matches, what it asks of a request, and who answers. */
export interface RouteConfig {
  /** Where it stands in the file, for messages: `routes[3], line 12`. */
  readonly where: string;
  /** None: all. Upper case. */
  readonly methods: readonly string[];
  /** Pattern: `/a/:name/{other}/*rest`. */
  readonly path: string;
  /** Narrows the server's hosts; none: those of the server. */
  readonly hosts: readonly string[];
  /** Fields that a request must have; for canaries. */
  readonly headers: readonly HeaderMatch[];
  readonly policy: RoutePolicy;
  readonly target: TargetConfig;
}

/** A header field that a request must have. */
export interface HeaderMatch {
  /** Lower case. */
  readonly name: string;
  /** The value that it must have; undefined: any. */
  readonly value: string | undefined;
}

/** What stands between a request and its target. */
export interface RoutePolicy {
  /** Limit of the whole request, milliseconds, 0 for none; undefined for the target's own. */
  readonly timeoutMs: number | undefined;
  /** Limit of a time in which no byte moves, milliseconds, 0 for none; undefined for the target's own. */
  readonly idleTimeoutMs: number | undefined;
  /** The body: fewer bytes are 400 and more are 413. */
  readonly bodyBytesMin: number | undefined;
  readonly bodyBytes: number | undefined;
  /** Header fields: more are 431. */
  readonly headBytes: number | undefined;
  /** Requests under way at a time, and waiting: one more is 503. */
  readonly concurrency: number | undefined;
  readonly queue: number | undefined;
  readonly rateLimit: RateLimitConfig | undefined;
  readonly auth: AuthConfig | undefined;
  readonly cors: CorsConfig | undefined;
  /** `Cache-Control` of answers that have none. */
  readonly cacheControl: string | undefined;
  /** Compress answers that are worth it, where the client takes it. */
  readonly compress: boolean;
  /** Fields that every answer gets. */
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** Tell what the process used, in `urocket-stats` and `Server-Timing`. */
  readonly stats: boolean;
}

/** So many requests a time, for each of what they are counted by. */
export interface RateLimitConfig {
  readonly requests: number;
  readonly windowMs: number;
  /** May come at once beyond the even pace; `requests` by default. */
  readonly burst: number;
  /** What is counted by: the client's address, the name it was let in by, or a header field. */
  readonly by: "client" | "user" | { readonly header: string };
}

/** Who may ask. */
export type AuthConfig =
  | { readonly kind: "basic"; readonly realm: string; readonly users: readonly BasicUser[] }
  | { readonly kind: "bearer"; readonly realm: string; readonly tokens: readonly string[] };

/** A user, with the password or with a digest of it. */
export interface BasicUser {
  readonly name: string;
  /** Undefined where `hash` is there. */
  readonly password: string | undefined;
  /** `sha256:` and the digest of the password in hex; undefined where `password` is there. */
  readonly hash: string | undefined;
}

/** Which pages may ask (the CORS protocol of the Fetch standard). */
export interface CorsConfig {
  /** Origins, `*` for all. */
  readonly origins: readonly string[];
  /** None: those of the routes at the path. */
  readonly methods: readonly string[];
  /** Request header fields; `*` for those that are asked for. */
  readonly headers: readonly string[];
  /** Answer header fields that pages may read. */
  readonly expose: readonly string[];
  readonly credentials: boolean;
  /** How long a browser may remember, seconds. */
  readonly maxAge: number;
}

/** An OpenAPI document that the server's requests and answers are held against. */
export interface OpenApiConfig {
  /** Absolute. */
  readonly document: string;
  /** Path before those of the document, such as `/v1`; empty for none. */
  readonly base: string;
  /** Refuse requests that break it. */
  readonly validateIn: boolean;
  /** What is done about an answer that breaks it. */
  readonly validateOut: "off" | "log" | "strict";
  /** Where the document and its page are; undefined for nowhere. */
  readonly documentPath: string | undefined;
  readonly docsPath: string | undefined;
  /** What runs each operation, by its operationId or by `METHOD /path` of the document. Others are answered 501. */
  readonly operations: Readonly<Record<string, OperationConfig>>;
}

/** What an operation of the document does; its path and method stand there. */
export interface OperationConfig {
  readonly where: string;
  readonly policy: RoutePolicy;
  readonly target: TargetConfig;
  /** Its own word over the document's config. */
  readonly validateIn: boolean | undefined;
  readonly validateOut: "off" | "log" | "strict" | undefined;
}
