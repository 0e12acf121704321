/**
 * A client's payload in the script of `sh -c`. Pasted there, it would be run; so the script gets it as a variable, which a
 * shell puts in without looking at it again.
 */

import { basename } from "node:path";

/** Stands for the payload in arguments and variables. */
export const PAYLOAD = "{{jsonpayload}}";

/** The variable that takes its place in a script. */
const VARIABLE = "JSONPAYLOAD";

/** A command that is safe to run, and the variables that it needs. */
export interface SafeCommand {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Writes `{{ jsonpayload }}` without spaces, so that it stays one word. */
export function tightPlaceholders(text: string): string {
  return text.replace(/\{\{\s*([\w-]+)\s*\}\}/g, "{{$1}}");
}

/**
 * Takes the payload out of a shell's script.
 *
 * @returns why that can't be done, for what is not safe
 */
export function safeCommand(command: readonly string[]): SafeCommand | string {
  const [name, ...args] = command;
  const at = args.findIndex((argument, index) => argument.includes(PAYLOAD) && isScriptOption(args[index - 1]));
  if (!/^(ba|da|k|z|mk|a)?sh$/.test(basename(name)) || at === -1) return { command, env: {} };
  if (RUNS_CODE.test(args[at])) {
    return "in a script that runs text as code again: make it an argument behind the script";
  }
  const script = new Script(args[at]);
  return script.problem ?? { command: [name, ...args.with(at, script.safe)], env: { [VARIABLE]: PAYLOAD } };
}

function isScriptOption(argument: string | undefined): boolean {
  return argument !== undefined && /^-[a-z]*c$/.test(argument);
}

/** Commands that would run the variable's value: they put texts together, and look at the result again. */
const RUNS_CODE = /\b(eval|ssh|su|xargs|trap|source)\b|\s-\w*[ce]\b/;

/** One step of a script: an escaped character, a quote, the placeholder, or plain text. */
const STEP = /\\[^]|['"`]|\{\{jsonpayload\}\}|\$\(|[^\\'"`{$]+|[{$\\]/g;

/** A script in which the variable stands for the payload, quoted as it has to be there. */
class Script {
  safe = "";
  problem: string | undefined;
  #quote = "";
  /** A command within double quotes has quotes of its own, which are not looked through. */
  #isNested = false;

  constructor(text: string) {
    for (const [step] of text.matchAll(STEP)) {
      if (step === PAYLOAD) this.#addVariable();
      else this.#add(step);
    }
  }

  #addVariable(): void {
    if (this.#quote === "'") {
      this.problem ??= "in single quotes of a script, where nothing can be put in: take them away";
    }
    if (this.#isNested) this.problem ??= "behind a quoted command of a script: make it an argument behind the script";
    this.safe += this.#quote === '"' ? `\${${VARIABLE}}` : `"\${${VARIABLE}}"`;
  }

  #add(step: string): void {
    this.safe += step;
    if (this.#quote === '"' && (step === "`" || step === "$(")) this.#isNested = true;
    // A backslash means nothing within single quotes: the quote behind it ends them.
    const mark = this.#quote === "'" && step === "\\'" ? "'" : step;
    if (mark !== "'" && mark !== '"') return;
    if (this.#quote === "") this.#quote = mark;
    else if (this.#quote === mark) this.#quote = "";
  }
}
