/** What a template of `sluice init` is. */

/** How a list of words is written in a source. */
export type WordList = "json" | "single" | "shell";

/** One template. */
export interface Template {
  /** Its name, which is a language's. */
  readonly name: string;
  /** Other languages that it is the template of. */
  readonly also?: readonly string[];
  /** Name of the program's file. */
  readonly script: string;
  /** How the program speaks, where its language's way can't tell an error from an answer. */
  readonly mode?: "cgi";
  /** Name of the test's file. */
  readonly testFile: string;
  /** What runs the test. */
  readonly test: string;
  /** How the test's source has the words of the command. */
  readonly words: WordList;
  /** Lines for Git to ignore. */
  readonly ignored?: readonly string[];
  /** Its own files, by name. */
  readonly files: Readonly<Record<string, string>>;
}
