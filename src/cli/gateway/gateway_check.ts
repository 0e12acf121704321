/** `sluice gateway --check`: what is wrong with a file of routes, for people and for editors and scripts. */

import { checkGateway } from "../../gateway/check_gateway.ts";
import { ConfigError } from "../../gateway/config/fault.ts";
import { FAILED } from "../exit_codes.ts";
import { writeStderr, writeStdout } from "../output.ts";

/** One thing that is wrong. */
export interface CheckProblem {
  readonly file: string;
  /** From 1; null for what is wrong with something that the file names. */
  readonly line: number | null;
  /** From 1; null where the line is. */
  readonly column: number | null;
  /** `routes[2].timeout`; null where the line is. */
  readonly path: string | null;
  readonly message: string;
}

/**
 * Checks a file, and says that it is right.
 *
 * @param json print a JSON array of what is wrong, and end the process with 1 when there is something in it
 * @throws {ConfigError} {AggregateError} with all that is wrong, without `json`
 */
export async function checkFile(path: string, json: boolean): Promise<void> {
  if (!json) {
    const { routes } = await checkGateway(path);
    return writeStderr(`sluice gateway: ${path} is right: ${routes === 1 ? "one route" : `${routes} routes`}\n`);
  }
  const problems = await checkGateway(path).then(() => [], (error) => problemsOf(error, path));
  writeStdout(JSON.stringify(problems, null, 2) + "\n");
  if (problems.length > 0) Deno.exit(FAILED);
}

/** Takes an error apart. */
export function problemsOf(error: unknown, file: string): CheckProblem[] {
  if (error instanceof AggregateError) return error.errors.flatMap((each) => problemsOf(each, file));
  if (error instanceof ConfigError) {
    return error.faults.map(({ file, line, column, key, message }) => ({ file, line, column, path: key, message }));
  }
  const message = error instanceof Error ? error.message : String(error);
  return [{ file, line: null, column: null, path: null, message }];
}
