/** Schema of who answers a request. */

import { count, defined, flag, list, map, type Members, members, membersOr, oneOf, text, texts } from "./parts.ts";

/** Statuses that lead elsewhere. */
const REDIRECTS = [301, 302, 303, 307, 308];

/** Members of a route, of an operation, and of a part of a split: exactly one names the target, others say more of it. */
export const targetMembers: Members = {
  run: defined("run"),
  chain: list(defined("program"), "Programs that answer one after another, into one answer.", { minItems: 1 }),
  command: texts("A command of PATH and its arguments: a list, or a text that is parted as a shell parts it."),
  reply: membersOr(
    ["boolean"],
    { description: "The program answers by a request to the reply socket, which any heir of it may send." },
    members({
      channel: oneOf(["cmdline", "stdin", "env", "file", "none"], "How the program gets the request's body.", "stdin"),
      onExit: oneOf(
        ["wait", "success", "report", "error"],
        "What the end of the process says when no reply has come: wait for one until the timeout, 204, a report, or 502.",
        "wait",
      ),
    }, ""),
  ),
  static: membersOr(
    ["string"],
    { minLength: 1, description: "Files of a directory, or one file; relative to this file." },
    members(
      {
        root: text("The directory, or the file."),
        index: texts("Files that stand for their directory.", { default: "index.html" }),
        listing: flag("Answer a directory without one with a list.", false),
        precompressed: flag("Send name.br, name.gz or name.zst for name, where the client takes them.", true),
        noCache: flag("Clients keep nothing.", false),
        fallback: text("File of the directory that answers what is not found."),
      },
      "",
      ["root"],
    ),
  ),
  upstream: texts(
    "Other servers, http://host:port or https, and a path that goes before all others; each request goes to the less busy of two picked at random.",
  ),
  rewrite: text("Path at the upstream or service, such as /v2/*rest, of parameters of the route's."),
  host: text("Sent as Host to the upstream. Default: what the client sent."),
  service: texts("Roles of the registry, role@range: the first of which an instance is there."),
  mesh: texts("Services of the mesh: the first that is there."),
  redirect: text("Where to send the client; may hold parameters of the path: /new/:name."),
  status: { enum: REDIRECTS, default: 307, description: "Status of the redirect." },
  respond: membersOr(
    ["string"],
    { description: "An answer that is always the same: its text, or a table." },
    members({
      status: { type: "integer", minimum: 200, maximum: 599, default: 200, description: "Status of the answer." },
      headers: map({ type: "string" }, "Fields of the answer."),
      body: { type: "string", description: "Text of the answer." },
      json: { description: "The answer as a value, which is sent as JSON." },
    }, ""),
  ),
  loom: membersOr(
    ["string"],
    { minLength: 1, description: "Streams, kept in a directory, which is made if it is not there." },
    members(
      {
        dir: text("The directory."),
        sync: oneOf(["always", "group", "none"], "How appended bytes come to the disk.", "group"),
      },
      "",
      ["dir"],
    ),
  ),
};

/** Targets that share requests by weight. */
export const splitMember: Members = {
  split: list(defined("part"), "Targets that share the requests by weight.", { minItems: 1 }),
};

/** What the schema defines for targets. */
export const targetDefinitions: Members = {
  part: members(
    { weight: count("Share of the requests.", 1), ...targetMembers },
    "A target with its share of the requests.",
    ["weight"],
  ),
};
