/** What standard output and standard error are connected to: whether it is a terminal, how wide, and whether colours are wanted. */

import { Option } from "commander";

/** Width of a terminal that does not tell, columns. */
const COLUMNS = 80;

/** One of the two, as it may be written to. */
export interface Terminal {
  /** A person looks at it. */
  readonly isTerminal: boolean;
  /** How many columns a line has; undefined where no line is too long, because it is no terminal. */
  readonly columns: number | undefined;
  /** Whether colours may be written. */
  readonly color: boolean;
  /** Whether a line that was written can be written over. */
  readonly canRewrite: boolean;
}

/** What is asked of the runtime. */
export interface TerminalSource {
  isTerminal(): boolean;
  /** Of the terminal; 0 when it does not tell. */
  columns(): number;
  /** A variable of the environment. */
  variable(name: string): string | undefined;
}

/**
 * Looks at standard output or standard error.
 *
 * @param color what `--color` or `--no-color` said
 */
export function terminal(stream: "stdout" | "stderr", color?: boolean): Terminal {
  return terminalOf({
    isTerminal: () => Deno[stream].isTerminal(),
    columns: () => consoleColumns(),
    variable: (name) => Deno.env.get(name),
  }, color);
}

/** The same, of what a source tells. */
export function terminalOf(source: TerminalSource, color?: boolean): Terminal {
  const isTerminal = source.isTerminal();
  const canRewrite = isTerminal && source.variable("TERM") !== "dumb";
  return {
    isTerminal,
    columns: isTerminal ? source.columns() || COLUMNS : undefined,
    color: color ?? wantsColor(source, canRewrite),
    canRewrite,
  };
}

/** https://no-color.org; then FORCE_COLOR and CLICOLOR_FORCE, of which 0 and false mean no. */
function wantsColor({ variable }: TerminalSource, canColor: boolean): boolean {
  if (variable("NO_COLOR")) return false;
  const force = variable("FORCE_COLOR") || variable("CLICOLOR_FORCE");
  return force ? !/^(0|false)$/.test(force) : canColor;
}

function consoleColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 0; // it was closed meanwhile
  }
}

/**
 * `--color` and `--no-color` of a command that writes for people.
 *
 * @param text what is coloured
 */
export function colorFlags(text = "colours"): readonly [Option, Option] {
  const preset = "on a terminal, without NO_COLOR";
  return [new Option("--color", `${text} (default: ${preset})`), new Option("--no-color", "no colours")];
}

/** Looks of text (ECMA-48, SGR). */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** How a text looks. */
export type Style = keyof typeof STYLES;

/** A text in a style, where colours may be written. */
export function styled(text: string, style: Style | undefined, color: boolean): string {
  return color && style ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}
