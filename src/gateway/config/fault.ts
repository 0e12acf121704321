/** What is wrong with a file, told so that it can be found and mended. */

/** Where a value stands in what a file holds: names of members and numbers of items. */
export type Path = readonly (string | number)[];

/** One thing that is wrong. */
export interface Fault {
  /** As it was named by whoever asked. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `routes[2].timeout`; empty for the whole file. */
  readonly key: string;
  /** What is said of the key: `is missing`. */
  readonly message: string;
}

/** A file that can't be used; its message has a line for each fault. */
export class ConfigError extends Error {
  /** `ConfigError`. */
  override readonly name = "ConfigError";
  /** At least one, in the order of the file. */
  readonly faults: readonly Fault[];

  /** Makes one. */
  constructor(faults: readonly Fault[]) {
    const sorted = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
    super(sorted.map(describeFault).join("\n"));
    this.faults = sorted;
  }
}

/** `FILE:LINE: KEY: what is wrong`. */
export function describeFault({ file, line, key, message }: Fault): string {
  return `${file}:${line}: ${key === "" ? "" : `${key}: `}${message}`;
}

/** A place as text: `routes[2].timeout`, `openapi.operations["POST /pet"]`. */
export function keyText(path: Path): string {
  return path.map((step, index) => {
    if (typeof step === "number") return `[${step}]`;
    if (!/^[\w$-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
    return index === 0 ? step : `.${step}`;
  }).join("");
}
