/** Schema of programs, and of what a route says about those that it runs. */

import {
  count,
  defined,
  flag,
  list,
  map,
  type Members,
  members,
  membersOr,
  NEVER_TRUE,
  oneOf,
  size,
  text,
  texts,
  time,
} from "./parts.ts";

/** Members that a route, an operation and the defaults have for the programs that are run there. */
export const programDefaults: Members = {
  env: map(
    defined("variable"),
    "Variables of the programs, besides those of the request and a short list of inherited ones.",
  ),
  cwd: text("Working directory of the programs. Default: the folder of this file."),
  warm: {
    type: ["integer", "boolean"],
    minimum: 0,
    maximum: 10_000,
    default: true,
    description:
      "Processes whose interpreter is started ahead: a number at most, true for the language's own number, false for none. " +
      "Programs that reply by callback have none.",
  },
  logStdout: flag("Log what the programs write to standard output.", false),
  limits: membersOr(
    ["boolean"],
    { ...NEVER_TRUE, description: "What a process may use; false for no bounds." },
    members({
      cpu: time("Processor time, in whole seconds."),
      memory: size("Memory: the address space, and with cgroups all that the whole tree of processes has."),
      processes: count("Processes at a time of the user, and with cgroups of this tree.", 1),
      openFiles: count("Open files.", 1),
      fileSize: size("Largest file that it may write."),
      cpus: { type: "number", exclusiveMinimum: 0, maximum: 4096, description: "Share of processor time, in cores." },
    }, ""),
  ),
};

const programMembers: Members = {
  file: text("Source file, executable, or folder with a package.json; relative to this file."),
  command: texts("A command of PATH and its arguments: a list, or a text that is parted as a shell parts it."),
  args: list({ type: "string" }, "Arguments behind the file or command."),
  language: text("Language of the file. Default: by its extension."),
  mode: oneOf(["plain", "cgi", "service"], "How the program speaks. Default: by its language."),
  ...programDefaults,
  reuse: count("Requests that a warm process serves before it ends.", 1, { default: 1 }),
  type: text("Content type of answers that name none."),
};

const description = "A file with its arguments, as a shell would part them; or a table that says more.";

/** What the schema defines of programs. */
export const programDefinitions: Members = {
  variable: membersOr(
    ["string", "boolean"],
    {
      not: { const: false },
      description: "A value; true for the gateway's own variable of that name; or where the value is to be had.",
    },
    members({ env: text("Name of a variable of the gateway."), file: text("File that holds the value.") }, ""),
  ),
  program: membersOr(["string"], { minLength: 1, description }, members(programMembers, "")),
  run: membersOr(
    ["string", "array"],
    {
      minLength: 1,
      minItems: 1,
      items: defined("program"),
      description: `${description} A list joins programs by their standard streams, as a shell's pipe does.`,
    },
    members(programMembers, ""),
  ),
};
