/** Schema of flatend's files; a key that its documents write in two ways is taken in both. */

import { GO_TIME_PATTERN } from "./go_time.ts";
import {
  count,
  defined,
  flag,
  type JsonSchema,
  list,
  type Members,
  members,
  text,
  texts,
  time,
} from "./schema/parts.ts";

/** A time as Go writes it. */
const goTime = (description: string): JsonSchema => ({
  type: "string",
  pattern: GO_TIME_PATTERN,
  description,
});

const timeouts = members({
  read: goTime("How long a client may send nothing of its request."),
  read_header: goTime("How long a client may take to send its head."),
  idle: goTime("How long an idle connection is kept."),
  write: goTime("How long a client may take nothing of an answer."),
  shutdown: goTime("How long requests under way may take at the end."),
}, "Times.");

const bodySizes: Members = {
  min: members({ body_size: count("Smallest body, bytes.", 0) }, "Least sizes."),
  min_body_size: count("Smallest body, bytes.", 0),
  max_body_size: count("Largest body, bytes.", 0),
};

const route = members(
  {
    path: text("METHOD /path/:name/*rest."),
    service: text("Service of the mesh."),
    services: texts("Services of the mesh: the first that is there."),
    static: text("Directory or file."),
    nocache: flag("Clients keep nothing.", false),
    ...bodySizes,
    max: members({ body_size: count("Largest body, bytes.", 0) }, "Largest sizes."),
  },
  "A path, and who answers.",
  ["path"],
);

const https: JsonSchema = {
  ...members({
    email: text("Address that the authority may write to."),
    directory: text("URL of the authority's directory."),
    dir: text("Directory in which keys and certificates are kept."),
    renew_before: time("Renew when less than this is left."),
    ca_cert: text("File with a certificate that the authority's server is checked against."),
    redirect: text("Address at which plain HTTP is redirected. Default: port 80."),
  }, ""),
  type: ["boolean", "object"],
  description: "Certificates by ACME, with more said of them in a table.",
};

const server = members(
  {
    addr: text("Address; :3000 is all addresses."),
    addrs: texts("Addresses."),
    domain: text("Name that it answers to."),
    domains: texts("Names that it answers to."),
    https,
    redirect_trailing_slash: flag("Redirect a path with a slash too many or too few.", true),
    redirect_fixed_path: flag("Redirect a path in the wrong case.", true),
    timeout: timeouts,
    timeouts,
    ...bodySizes,
    max: members(
      { body_size: count("Largest body, bytes.", 0), header_size: count("Largest head, bytes.", 1) },
      "Largest sizes.",
    ),
    header_size: count("Largest head, bytes.", 1),
    max_header_size: count("Largest head, bytes.", 1),
    routes: list(defined("route"), "Routes.", { minItems: 1 }),
  },
  "A server.",
  ["routes"],
);

/** The schema, draft 2020-12. */
export const flatendSchema: JsonSchema = {
  ...members(
    {
      addr: text("Address at which nodes of the mesh reach the gateway."),
      http: list(defined("server"), "Servers.", { minItems: 1 }),
    },
    "Servers in front of a mesh.",
    ["http"],
  ),
  $defs: { server, route },
};
