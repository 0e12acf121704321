/** What can be said of a target before it is made, with nothing built, started or opened. */

import { resolveCommand } from "../process/command.ts";
import { settle } from "../process/program_options.ts";
import type { ProgramConfig, TargetConfig } from "./config/target_model.ts";
import { checkCallback } from "./reply/check_callback.ts";
import { redirectTarget } from "./targets/redirect_target.ts";
import { respondTarget } from "./targets/respond_target.ts";
import { upstreamTarget } from "./targets/upstream_target.ts";

/**
 * Looks a target over.
 *
 * @returns checks, each of which throws what is wrong in its place
 */
export function checksOf(target: TargetConfig): readonly (() => unknown)[] {
  switch (target.kind) {
    case "program":
      return [() => checkProgram(target.program)];
    case "pipe":
    case "chain":
      return target.programs.map((program) => () => checkProgram(program));
    case "callback":
      return [() => checkCallback(target.program, target.channel), () => checkProgram(target.program)];
    case "upstream":
      return [() => upstreamTarget(target)[Symbol.asyncDispose]()];
    case "redirect":
      return [() => redirectTarget(target)];
    case "respond":
      return [() => respondTarget(target)];
    case "split":
      return target.parts.flatMap((part) => checksOf(part.target));
    default:
      return []; // what is wrong with others is seen when the file is read
  }
}

/** Whether there is what runs it: its file or command, an interpreter, a folder. */
function checkProgram(program: ProgramConfig): void {
  const { file, command, args, language, mode, cwd, env, contentType, warm, reuse, limits: resources } = program;
  const { languages } = settle({ cwd, env, contentType, warm, reuse, resources });
  resolveCommand({ file, command, args, language, mode }, languages);
}
