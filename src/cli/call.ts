/** `sluice call`: standard input to a service of a mesh, its answer to standard output. */

import { Command, InvalidArgumentError } from "commander";
import type { CallFlags } from "./mesh/call_run.ts";
import { flag } from "./flag.ts";
import { keyFlags } from "./mesh/mesh_flags.ts";
import { collectList, milliseconds } from "./values.ts";

/** Makes the command. */
export function callCommand(): Command {
  const command = new Command("call")
    .description("send standard input to a service of a mesh, and print its answer")
    .usage("--join HOST:PORT [OPTIONS] NAME[@RANGE]")
    .helpOption("-h, --help", "show this help")
    .argument("<service>", "the service, such as resize or resize@^1.2")
    .addOption(
      flag("--join <address>", "a node of the mesh: HOST:PORT, ws:// or wss://; repeatable", collectList)
        .env("SLUICE_JOIN"),
    );
  for (const option of keyFlags()) command.addOption(option);
  return command
    .addOption(
      flag("-X, --method <method>", "method; GET and HEAD take no input (default: POST with input, else GET)", method),
    )
    .addOption(flag("-H, --header <name:value>", "header field; repeatable", header))
    .addOption(flag("--path <path>", "path and query that are asked for", path, "/"))
    .addOption(flag("-t, --timeout <ms>", "limit of the whole call, 0 for none", milliseconds, 0))
    .addOption(flag("--idle-timeout <ms>", "limit of a time in which no byte moves (default: 60000)", milliseconds))
    .option("-i, --include", "print the head of the answer to standard error", false)
    .action(async (service: string, flags: CallFlags) => {
      // Loading the mesh takes longer than all the rest: other commands need not wait for it.
      const { runCall } = await import("./mesh/call_run.ts");
      await runCall(service, flags);
    });
}

/** A method (RFC 9110 §9.1), as it is written: only those of Fetch are in capitals by themselves. */
function method(text: string): string {
  if (!/^[!#$%&'*+.^_`|~\dA-Za-z-]{1,64}$/.test(text)) throw new InvalidArgumentError("It is a method such as PUT.");
  try {
    return new Request("http://localhost/", { method: text }).method;
  } catch {
    throw new InvalidArgumentError("No request may have that method.");
  }
}

function header(text: string, before: readonly [string, string][] = []): readonly [string, string][] {
  const [, name, value] = /^([^:]+):\s*(.*)$/s.exec(text) ?? [];
  if (name !== undefined && isField(name, value)) return [...before, [name, value]];
  throw new InvalidArgumentError("It is a name and a value, such as 'Accept: image/png'.");
}

function isField(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name);
  } catch {
    return false;
  }
}

function path(text: string): string {
  if (/^\/[\x21-\x7e]*$/.test(text) && !text.includes("#")) return text;
  throw new InvalidArgumentError("It is a path such as /small?width=80, with other characters as %20.");
}
