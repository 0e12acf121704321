/** What Sluice has to know of a language to run a program written in it: data, so that a config file can add one. */

/**
 * One language. In `run` and `build` these stand for paths, each replaced inside one argument (never split, no shell):
 * `{interpreter}` the first of `interpreters` found, `{runner}` the runner file, `{file}` the program's source,
 * `{dir}` the private directory of the build, `{copy}` a copy of the source in it, `{out}` what the build makes,
 * `{stem}` the source's file name without its extension. `{config}` stands for Deno's flags for the source's configuration.
 */
export interface Language {
  /** Name in `--language`, lower case. */
  readonly name: string;
  /** Other names of the same language. */
  readonly aliases?: readonly string[];
  /** File name endings, with the dot, lower case. */
  readonly extensions: readonly string[];
  /** Commands that can run it, or compile it, in order of preference; absent only for files that run by themselves. */
  readonly interpreters?: readonly string[];
  /** Argument list that runs the program; the program's own arguments follow. */
  readonly run: readonly string[];
  /** Argument list that runs the program as itself, without the runner: in plain and CGI mode. Default: `run`. */
  readonly direct?: readonly string[];
  /** Argument list that compiles the source once; the result is cached. */
  readonly build?: readonly string[];
  /** File under `runners/` that gives the script its `service` object. */
  readonly runner?: string;
  /** How its interpreter is kept warm: without a runner in every mode, else in service mode. */
  readonly warm?: WarmWay;
  /** Arguments that make the interpreter print its version. Default `["--version"]`. */
  readonly versionArgs?: readonly string[];
  /** What to install when no interpreter is found: a Debian package name, or a sentence. */
  readonly install?: string;
}

/** A way to keep an interpreter warm. */
export interface WarmWay {
  /** `fork`: one parent that forks a child for each run. `ahead`: processes that have started and wait for one run each. */
  readonly how: "fork" | "ahead";
  /** File under `runners/warm/`. */
  readonly part: string;
  /** The variable that tells the interpreter or the runner of the file. Default `SLUICE_WARM`. */
  readonly variable?: string;
}
