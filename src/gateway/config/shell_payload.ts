/**
 * A client's payload in the script of `sh -c`. Pasted there, it would be run; so the script gets it as a variable, which a
 * shell puts in without looking at it again.
 */

import { codeAt, isData, isLauncher, isObeyed, isShell, runsInput } from "./launchers.ts";

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
  const at = codeAt(args);
  if (!isShell(name) || at === undefined || !args[at].includes(PAYLOAD)) return { command, env: {} };
  if (RUNS_CODE.test(args[at]) || feedsLauncher(args[at])) {
    return "in a script that runs text as code again: make it an argument behind the script";
  }
  const script = new Script(args[at]);
  return script.problem ?? { command: [name, ...args.with(at, script.safe)], env: { [VARIABLE]: PAYLOAD } };
}

/**
 * What would run the variable's value: commands that look at a text again, arithmetic (the index of an array in it is
 * expanded), here-documents and process substitution (they may be a shell's input).
 */
const RUNS_CODE =
  /\b(eval|ssh|su|xargs|trap|source|let)\b|\s-\w*[ce]\b|\(\(|\[\[|\$\[|\s-(?:eq|ne|lt|le|gt|ge)\b|(?:\[|test|printf)\s[^;|&\n]*-v|(?<!<)<<(?!<)|[<>]\(/;

/** True when a pipe leads to what may run its input. */
function feedsLauncher(script: string): boolean {
  return [...script.matchAll(/\|&?\s*([^\s;|&()<>]+)/g)].some(([, name]) => runsInput(name.replace(/["'\\]/g, "")));
}

/** One step of a script: an escaped character, a quote, the placeholder, or plain text. */
const STEP = /\\[^]|['"`]|\{\{jsonpayload\}\}|\$\(|(?<=\s|^)#[^\n]*|[\s;|&()]|[^\s;|&()\\'"`{$]+|[{$\\]/g;

/** Words of a shell before which no command has begun. */
const BEFORE_COMMAND = /^(?:if|then|else|elif|do|while|until|!|\{|time|\w+=.*|)$/s;

/** A script in which the variable stands for the payload, quoted as it has to be there. */
class Script {
  safe = "";
  problem: string | undefined;
  #quote = "";
  /** A command within double quotes has quotes of its own, which are not looked through. */
  #isNested = false;
  /** The command that is being read, as far as it is plain to see: its words without quotes. */
  #words = [""];

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
    if (!this.#isData()) {
      this.problem ??= "in a script where it might be run, or name what is: make it an argument behind the script";
    }
    this.#words[this.#words.length - 1] += PAYLOAD;
    this.safe += this.#quote === '"' ? `\${${VARIABLE}}` : `"\${${VARIABLE}}"`;
  }

  /** A launcher counts wherever it stands: words before it may be redirections. */
  #isData(): boolean {
    const words = this.#words;
    const last = words.at(-1)!;
    if (/>[&|]?$/.test(last || words.at(-2) || "") || /\$\{[^}]*$/.test(this.safe)) return false;
    const [variable] = /^\w+(?==)/.exec(last) ?? [];
    if (variable !== undefined && isObeyed(variable)) return false;
    const name = words.findIndex((word) => !BEFORE_COMMAND.test(word));
    if (name === -1 || name === words.length - 1) return variable !== undefined;
    if (/(?:^|\/)\$[^/]*$/.test(words[name])) return false;
    return words.every((word, at) => at === words.length - 1 || !isLauncher(word) || this.#isDataOf(words.slice(at)));
  }

  #isDataOf(words: readonly string[]): boolean {
    const given = words.filter((word, at) => word !== "" || at === words.length - 1);
    return isData(given, given.length - 1);
  }

  /** Follows the words of a command. */
  #read(step: string): void {
    const isPlain = this.#quote === "";
    if (isPlain && /^(?:[;|&()\n`]|\$\()$/.test(step)) this.#words = [""];
    else if (isPlain && /^\s$/.test(step)) this.#words.push("");
    else if (!/^['"]$/.test(step)) this.#words[this.#words.length - 1] += step.replace(/^\\/, "");
  }

  #add(step: string): void {
    this.safe += step;
    this.#read(step);
    if (this.#quote === "" && step.startsWith("#") && /\s$|^$/.test(this.safe.slice(0, -step.length))) return;
    if (this.#quote === '"' && (step === "`" || step === "$(")) this.#isNested = true;
    // A backslash means nothing within single quotes: the quote behind it ends them.
    const mark = this.#quote === "'" && step === "\\'" ? "'" : step;
    if (mark !== "'" && mark !== '"') return;
    if (this.#quote === "") this.#quote = mark;
    else if (this.#quote === mark) this.#quote = "";
  }
}
