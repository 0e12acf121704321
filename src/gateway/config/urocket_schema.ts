/** Schema of urocket's files. */

import {
  count,
  defined,
  flag,
  type JsonSchema,
  list,
  map,
  type Members,
  members,
  oneOf,
  PORT_PATTERN,
  text,
  texts,
} from "./schema/parts.ts";

const processMembers: Members = {
  wd: text("Working directory."),
  env: list({ type: "string" }, "Variables, NAME=VALUE."),
  cmd: texts("The command: a text that is parted into words, or a list."),
  timeout: count("Limit of a request, milliseconds; 0 for none.", 0, { default: 1000 }),
  channel: oneOf(["cmdline", "stdin", "env", "file", "none"], "How the program gets the payload.", "cmdline"),
  encoding: text("json."),
  "on-exit": oneOf(["wait", "success", "report", "error"], "What the end of the process says.", "wait"),
};

/** Keys of an action that are written in two ways. */
const SPELLINGS = ["validate-in", "validatein", "validate-out", "validateout"];

const action = members({
  ...Object.fromEntries(SPELLINGS.map((name) => [name, flag("Whether the document is to be kept.", false)])),
  logstdout: flag("Log what the program writes to standard output.", false),
  stats: flag("Tell what the process used.", false),
  inject: members(processMembers, "What is run."),
  ...processMembers,
}, "What a method of a path does.");

const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];

/** The schema, draft 2020-12. */
export const urocketSchema: JsonSchema = {
  ...members(
    {
      servicename: text("What the gateway is called in its log."),
      port: { type: ["integer", "string"], minimum: 0, maximum: 65535, pattern: PORT_PATTERN, description: "Port." },
      socketpath: text("Path of the reply socket."),
      openapi: text("OpenAPI document."),
      secret: flag("Put a secret into each id.", false),
      paths: map(
        members(Object.fromEntries(METHODS.map((method) => [method, defined("action")])), "Actions by method."),
        "Actions by path and method.",
      ),
    },
    "Commands by path and method.",
    ["paths"],
  ),
  $defs: { action },
};
