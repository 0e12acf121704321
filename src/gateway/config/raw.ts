/** Our own file's data as its schema allows it: what the settling functions take. */

import type { Mode } from "../../process/command.ts";

/** Milliseconds, or a text with a unit. */
export type Time = number | string;

/** Bytes, or a text with a unit. */
export type Size = number | string;

/** One, or a list. */
export type Some<T> = T | readonly T[];

/** A text, or where it is to be had. */
export type RawSecret = string | RawSource;

/** Where a text is to be had. */
export interface RawSource {
  readonly env?: string;
  readonly file?: string;
}

/** What a process may use. */
export interface RawLimits {
  readonly cpu?: Time;
  readonly memory?: Size;
  readonly processes?: number;
  readonly openFiles?: number;
  readonly fileSize?: Size;
  readonly cpus?: number;
}

/** What is said of all programs of a route. */
export interface RawProgramDefaults {
  readonly env?: Readonly<Record<string, RawSecret | true>>;
  readonly cwd?: string;
  readonly warm?: number | boolean;
  readonly logStdout?: boolean;
  readonly limits?: RawLimits | false;
}

/** A program. */
export interface RawProgram extends RawProgramDefaults {
  readonly file?: string;
  readonly command?: Some<string>;
  readonly args?: readonly string[];
  readonly language?: string;
  readonly mode?: Mode;
  readonly reuse?: number;
  readonly type?: string;
}

/** A user who may ask. */
export interface RawUser extends RawSource {
  readonly name?: string;
  readonly password?: RawSecret;
  readonly hash?: string;
}

/** Who may ask. */
export interface RawAuth {
  readonly basic?: readonly (string | RawUser)[];
  readonly bearer?: readonly RawSecret[];
  readonly realm?: string;
}

/** Which pages may ask. */
export interface RawCors {
  readonly origins?: Some<string>;
  readonly methods?: Some<string>;
  readonly headers?: Some<string>;
  readonly expose?: Some<string>;
  readonly credentials?: boolean;
  readonly maxAge?: Time;
}

/** Requests a time. */
export interface RawRateLimit {
  readonly requests: number;
  readonly window?: Time;
  readonly burst?: number;
  readonly by?: "client" | "user" | { readonly header: string };
}

/** What stands between a request and its target. */
export interface RawPolicy {
  readonly timeout?: Time;
  readonly idleTimeout?: Time;
  readonly maxBody?: Size;
  readonly minBody?: Size;
  readonly maxHeader?: Size;
  readonly maxConcurrency?: number;
  readonly queue?: number;
  readonly rateLimit?: string | RawRateLimit | false;
  readonly auth?: RawAuth | false;
  readonly cors?: boolean | Some<string> | RawCors;
  readonly cacheControl?: string | false;
  readonly compress?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stats?: boolean;
}

/** How a program replies. */
export interface RawReply {
  readonly channel?: "cmdline" | "stdin" | "env" | "file" | "none";
  readonly onExit?: "wait" | "success" | "report" | "error";
}

/** Files. */
export interface RawStatic {
  readonly root: string;
  readonly index?: Some<string>;
  readonly listing?: boolean;
  readonly precompressed?: boolean;
  readonly noCache?: boolean;
  readonly fallback?: string;
}

/** An answer that is always the same. */
export interface RawRespond {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly json?: unknown;
}

/** Who answers. */
export interface RawTarget {
  readonly run?: Some<string | RawProgram>;
  readonly chain?: readonly (string | RawProgram)[];
  readonly command?: Some<string>;
  readonly reply?: boolean | RawReply;
  readonly static?: string | RawStatic;
  readonly upstream?: Some<string>;
  readonly rewrite?: string;
  readonly host?: string;
  readonly service?: Some<string>;
  readonly mesh?: Some<string>;
  readonly redirect?: string;
  readonly status?: 301 | 302 | 303 | 307 | 308;
  readonly respond?: string | RawRespond;
  readonly loom?: string | { readonly dir: string; readonly sync?: "always" | "group" | "none" };
  readonly split?: readonly (RawTarget & { readonly weight: number })[];
}

/** A route. */
export interface RawRoute extends RawTarget, RawPolicy, RawProgramDefaults {
  readonly path: string;
  readonly method?: Some<string>;
  readonly hosts?: Some<string>;
  readonly match?: Readonly<Record<string, string | true>>;
}

/** An operation of a document. */
export interface RawOperation extends RawTarget, RawPolicy, RawProgramDefaults {
  readonly validateIn?: boolean;
  readonly validateOut?: "off" | "log" | "strict";
}

/** An OpenAPI document. */
export interface RawOpenApi {
  readonly document: string;
  readonly base?: string;
  readonly validateIn?: boolean;
  readonly validateOut?: "off" | "log" | "strict";
  readonly documentPath?: string | false;
  readonly docsPath?: string | false;
  readonly operations?: Readonly<Record<string, RawOperation>>;
}

/** Where certificates come from. */
export interface RawTls {
  readonly cert?: string;
  readonly key?: string;
  readonly selfSigned?: boolean;
  readonly acme?: boolean;
  readonly email?: string;
  readonly directory?: string;
  readonly dir?: string;
  readonly renewBefore?: Time;
  readonly caCert?: string;
}

/** Bounds on connections. */
export interface RawConnections {
  readonly maxHeader?: Size;
  readonly headerTimeout?: Time;
  readonly bodyTimeout?: Time;
  readonly stallTimeout?: Time;
  readonly keepAlive?: Time;
}

/** A server. */
export interface RawServer {
  readonly listen?: Some<string>;
  readonly hosts?: Some<string>;
  readonly tls?: RawTls;
  readonly redirectHttp?: string;
  readonly redirectTrailingSlash?: boolean;
  readonly redirectCase?: boolean;
  readonly trustForwarded?: boolean;
  readonly connections?: RawConnections;
  readonly defaults?: RawPolicy & RawProgramDefaults;
  readonly routes?: readonly RawRoute[];
  readonly openapi?: RawOpenApi;
}

/** The whole file. */
export interface RawGateway extends RawServer {
  readonly name?: string;
  readonly accessLog?: "human" | "json" | "combined" | "none";
  readonly grace?: Time;
  readonly dev?: boolean;
  readonly registry?: { readonly hubs: Some<string> };
  readonly mesh?: {
    readonly listen?: Some<string>;
    readonly join?: Some<string>;
    readonly advertise?: Some<string>;
    readonly key?: string;
    readonly networkKey?: string;
    readonly allow?: Some<string>;
    readonly flatend?: string;
  };
  readonly admin?: { readonly listen: string; readonly processesKept?: Time };
  readonly reply?: { readonly socket?: string; readonly secret?: boolean };
  readonly servers?: readonly RawServer[];
}
