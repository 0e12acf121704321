/** JSON Schema of the file of `sluice up`: a gateway's, with the flags of the other commands as tables. */

import type { Command, Option } from "commander";
import { configSchema } from "../../gateway/config/schema.ts";
import { flag, type JsonSchema, map, members, oneOf, text, texts } from "../../gateway/config/schema/parts.ts";
import { isRepeatable } from "../flag.ts";
import { loomCommand } from "../loom.ts";
import { nodeCommand } from "../node.ts";
import { listenCommand } from "../registry/registry_listen.ts";
import { flagsOfFile, isPathFlag } from "./up_flags.ts";

/** Makes the schema, draft 2020-12. */
export function upSchema(): JsonSchema {
  const { mesh: _mesh, ...gateway } = configSchema.properties as Record<string, JsonSchema>;
  const hub = {
    port: { type: "integer", minimum: 0, maximum: 65535, description: "Port, 0 for any free one." },
    keys: texts("Files with public keys that may register."),
  };
  const services = map(text("A file, a command with its arguments, or a URL."), "What is offered, by NAME[@VERSION].");
  return {
    ...configSchema,
    title: "Configuration of sluice up",
    properties: {
      ...gateway,
      loom: members(flagSchemas(loomCommand()), "A server of streams, as `sluice loom` is one."),
      hub: members({ ...flagSchemas(listenCommand()), ...hub }, "A hub, as `sluice registry listen` is one.", ["port"]),
      node: members(
        { ...flagSchemas(nodeCommand(() => [])), services },
        "A node of the mesh, as `sluice node` is one.",
      ),
    },
  };
}

function flagSchemas(command: Command): Record<string, JsonSchema> {
  const entries = flagsOfFile(command).flatMap((option): [string, JsonSchema][] => {
    const name = option.attributeName();
    const schema = schemaOf(option);
    return isRepeatable(option) && name !== "env" ? [[name, schema], [`${name}s`, schema]] : [[name, schema]];
  });
  return Object.fromEntries(entries);
}

function schemaOf(option: Option): JsonSchema {
  const { description, argChoices } = option;
  if (option.isBoolean() || option.negate) return flag(description);
  if (option.attributeName() === "env") return map(valueSchema("A variable."), description);
  if (argChoices) return oneOf(argChoices, description);
  if (isPathFlag(option)) return isRepeatable(option) ? texts(description) : text(description);
  const value = valueSchema(description);
  return isRepeatable(option) ? { ...value, type: [...value.type, "array"], items: valueSchema("One.") } : value;
}

/** A text, a number, or where a secret is to be had. */
function valueSchema(description: string): JsonSchema & { readonly type: readonly string[] } {
  const source = members({ env: text("Variable that holds it."), file: text("File that holds it.") }, description);
  return { ...source, type: ["string", "number", "object"] };
}
