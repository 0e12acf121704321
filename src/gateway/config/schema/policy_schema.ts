/** Schema of what stands between a request and its target. */

import {
  count,
  COUNTED_BY_PATTERN,
  defined,
  flag,
  list,
  map,
  type Members,
  members,
  membersOr,
  NEVER_TRUE,
  size,
  text,
  texts,
  time,
} from "./parts.ts";

/** Members that a route, an operation and the defaults share. */
export const policyMembers: Members = {
  timeout: time("Limit of the whole request, 0 for none. Default: the target's own."),
  idleTimeout: time("Limit of a time in which no byte moves, 0 for none. Default: the target's own."),
  maxBody: size("Largest request body; more is answered 413. Default: no bound."),
  minBody: size("Smallest request body; less is answered 400."),
  maxHeader: size(
    "Header fields of the request; more is answered 431. Default: the bound of the server's connections.",
  ),
  maxConcurrency: count("Requests at a time.", 1),
  queue: count("Requests that wait when there are so many; one more is answered 503.", 0),
  rateLimit: membersOr(
    ["string", "boolean"],
    {
      minLength: 1,
      ...NEVER_TRUE,
      description: 'Requests a time for each client, such as "100/1m"; more are answered 429. False for none.',
    },
    members(
      {
        requests: count("Requests in that time.", 1),
        window: time("The time.", { default: "1m" }),
        burst: count("Requests that may come at once. Default: all of them.", 1),
        by: membersOr(
          ["string"],
          {
            pattern: COUNTED_BY_PATTERN,
            default: "client",
            description: "What is counted by: client (its address), user, or a header field.",
          },
          members({ header: text("Name of the field.") }, "", ["header"]),
        ),
      },
      "",
      ["requests"],
    ),
  ),
  auth: membersOr(
    ["boolean"],
    { ...NEVER_TRUE, description: "Who may ask; false for everybody." },
    members({
      basic: list(defined("user"), "Users with passwords.", { minItems: 1 }),
      bearer: list(defined("secret"), "Tokens.", { minItems: 1 }),
      realm: text("What users are told that they enter.", { default: "sluice" }),
    }, ""),
  ),
  cors: membersOr(
    ["string", "array", "boolean"],
    {
      minLength: 1,
      minItems: 1,
      items: { type: "string", minLength: 1 },
      description: "Pages that may ask: true for all, origins such as https://app.example, or a table that says more.",
    },
    members({
      origins: texts("Origins of pages; * for all.", { default: "*" }),
      methods: texts("Methods. Default: those of the path."),
      headers: texts("Request fields; * for those that are asked for.", { default: "*" }),
      expose: texts("Answer fields that pages may read."),
      credentials: flag("Pages may send cookies and passwords.", false),
      maxAge: time("How long browsers may remember this.", { default: "10m" }),
    }, ""),
  ),
  cacheControl: {
    type: ["string", "boolean"],
    ...NEVER_TRUE,
    minLength: 1,
    description: "Cache-Control of answers that have none; false for none.",
  },
  compress: flag("Compress answers that are worth it; streams are never held back for it.", false),
  headers: map({ type: "string" }, "Fields that every answer gets."),
  stats: flag("Tell what the program's process used, in urocket-stats and Server-Timing.", false),
};

/** What the schema defines for them. */
export const policyDefinitions: Members = {
  secret: membersOr(
    ["string"],
    { minLength: 1, description: "A text, or where it is to be had." },
    members({
      env: text("Name of a variable that holds it."),
      file: text("File that holds it; where several may be, one a line."),
    }, ""),
  ),
  user: membersOr(
    ["string"],
    { minLength: 1, description: "name:password, name:sha256:DIGEST, or a table." },
    members({
      name: text("Name of the user."),
      password: defined("secret"),
      hash: text("sha256: and the digest of the password in hex."),
      env: text("Name of a variable that holds name:password."),
      file: text("File that holds lines of name:password."),
    }, ""),
  ),
};
