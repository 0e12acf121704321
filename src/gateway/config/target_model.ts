/** What a gateway's file says of who answers a route, settled as the rest of the model is. */

import type { Mode } from "../../process/command.ts";

/** Who answers. */
export type TargetConfig =
  | { readonly kind: "program"; readonly program: ProgramConfig }
  /** Joined by their standard streams. */
  | { readonly kind: "pipe"; readonly programs: readonly ProgramConfig[] }
  /** One after another into one answer. */
  | { readonly kind: "chain"; readonly programs: readonly ProgramConfig[] }
  | CallbackConfig
  | StaticConfig
  | UpstreamConfig
  /** Roles of the registry, `role@range`: the first of which an instance is there. */
  | { readonly kind: "service"; readonly roles: readonly string[]; readonly rewrite: string | undefined }
  /** Services of the mesh: the first that is there. */
  | { readonly kind: "mesh"; readonly services: readonly string[] }
  /** May hold parameters of the path: `/new/:name`. */
  | { readonly kind: "redirect"; readonly to: string; readonly status: 301 | 302 | 303 | 307 | 308 }
  | {
    readonly kind: "respond";
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }
  /** Streams, in a directory. The route's path ends in a wildcard; what it stands for is the path inside. */
  | { readonly kind: "loom"; readonly dir: string; readonly sync: "always" | "group" | "none" }
  /** Shares of the requests by weight. */
  | { readonly kind: "split"; readonly parts: readonly { readonly weight: number; readonly target: TargetConfig }[] };

/** A program, and how it is run. */
export interface ProgramConfig {
  /** A source file or an executable, absolute; undefined where `command` is there. */
  readonly file: string | undefined;
  /** A command of PATH and its arguments. */
  readonly command: readonly string[] | undefined;
  /** Arguments behind the file. */
  readonly args: readonly string[];
  readonly language: string | undefined;
  readonly mode: Mode | undefined;
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Processes that wait, `true` for the language's own number, 0 for none. */
  readonly warm: number | true;
  readonly reuse: number;
  readonly contentType: string | undefined;
  /** Log what it writes to standard output. */
  readonly logStdout: boolean;
  /** Bounds on the process itself; undefined for none. */
  readonly limits: ProcessLimitsConfig | undefined;
}

/** What a process may use. */
export interface ProcessLimitsConfig {
  /** Processor time, milliseconds; by rlimit in whole seconds. */
  readonly cpuMs: number | undefined;
  /** Memory, bytes: the address space by rlimit, what is resident of the whole tree by cgroup. */
  readonly memoryBytes: number | undefined;
  readonly processes: number | undefined;
  readonly openFiles: number | undefined;
  /** Largest file that it may write, bytes. */
  readonly fileBytes: number | undefined;
  /** Share of processor time, in cores; by cgroup only. */
  readonly cpus: number | undefined;
}

/** A program that replies by a request to the reply socket. */
export interface CallbackConfig {
  readonly kind: "callback";
  readonly program: ProgramConfig;
  /** How it gets the request's body. `{{jsonpayload}}` in arguments and variables stands for it with every channel. */
  readonly channel: "cmdline" | "stdin" | "env" | "file" | "none";
  /** What the end of the process says, when no reply has come: nothing; 204, or 502 if it failed; 502. */
  readonly onExit: "wait" | "success" | "report" | "error";
}

/** Files of a directory. */
export interface StaticConfig {
  readonly kind: "static";
  readonly root: string;
  /** True when the root is one file, which answers every path of the route. */
  readonly isFile: boolean;
  /** Files that stand for their directory, in order. */
  readonly index: readonly string[];
  /** Answer a directory without one with a list. */
  readonly listing: boolean;
  /** `name.br`, `name.gz`, `name.zst` are sent for `name`, where the client takes them. */
  readonly precompressed: boolean;
  /** Clients keep nothing. */
  readonly noCache: boolean;
  /** A file of the root that answers what is not found, for applications that route in the browser. */
  readonly fallback: string | undefined;
}

/** Other servers. */
export interface UpstreamConfig {
  readonly kind: "upstream";
  /** `http://host:port/base` or https, without a slash at the end; at least one. A request goes to the less busy of two that are picked at random. */
  readonly urls: readonly string[];
  /** Path there, of parameters: `/v2/*rest`; undefined: as it came. */
  readonly rewrite: string | undefined;
  /** Sent as `Host`; undefined: what the client sent. */
  readonly hostField: string | undefined;
}
