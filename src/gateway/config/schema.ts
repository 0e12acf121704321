/** JSON Schema of our own configuration files, for editors and for the check. What it can't tell is checked in settle/. */

import { gatewayLimits } from "../limits.ts";
import { defined, flag, type JsonSchema, list, members, oneOf, text, texts, time } from "./schema/parts.ts";
import { policyDefinitions } from "./schema/policy_schema.ts";
import { programDefinitions } from "./schema/program_schema.ts";
import { serverDefinitions, serverMembers } from "./schema/server_schema.ts";
import { targetDefinitions } from "./schema/target_schema.ts";

/** The schema, draft 2020-12; `docs/sluice.schema.json` is the same. */
export const configSchema: JsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Configuration of sluice gateway",
  ...members({
    $schema: text("This schema, for editors."),
    name: text("What the gateway is called in its log."),
    accessLog: oneOf(["human", "json", "combined", "none"], "How requests are logged.", "human"),
    grace: time("How long requests under way may take when the gateway is told to stop.", {
      default: gatewayLimits.graceMs,
    }),
    dev: flag("Show inner messages and standard error to clients.", false),
    registry: members(
      { hubs: texts("Hubs, host:port or ws URLs.") },
      "Hubs in which the roles of `service` are looked up.",
      ["hubs"],
    ),
    mesh: members(
      {
        listen: texts("Addresses at which nodes reach the gateway, host:port."),
        join: texts("Nodes by which it joins: host:port, or WebSocket URLs."),
        advertise: texts("Where nodes reach it, if that is not where it listens."),
        key: text("File of its own Ed25519 key, as `sluice keys new` writes it. Default: a new one at each start."),
        networkKey: text(
          "File of the key that all nodes have, as `sluice keys network` writes it: nobody else may join.",
        ),
        allow: texts("Ids of nodes that may join. Default: all that have the network key, or everybody."),
        flatend: text("Address at which clients of flatend 0.0.8 connect; see docs/flatend.md. Default: nowhere."),
      },
      "The mesh that the gateway is a node of, in which services are looked up.",
    ),
    admin: members(
      {
        listen: text("Loopback address, host:port, or unix:/path of a socket."),
        processesKept: time("How long a process is known there after its end.", {
          default: gatewayLimits.processesKeptMs,
        }),
      },
      "Where health, metrics and processes are to be seen.",
      ["listen"],
    ),
    reply: members({
      socket: text("Path of the socket. Default: one in a private directory of the user."),
      secret: flag("Put a secret into each id, so that only who has it can reply.", false),
    }, "Where programs reply by callback."),
    ...serverMembers,
    servers: list(defined("server"), "More servers, or all of them."),
  }, "Routes, and where they are to be had."),
  $defs: {
    ...programDefinitions,
    ...policyDefinitions,
    ...targetDefinitions,
    ...serverDefinitions,
  },
};
