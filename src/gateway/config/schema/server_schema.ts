/** Schema of servers: where they listen, who they are, and their routes. */

import { limits } from "../../../limits.ts";
import { gatewayLimits } from "../../limits.ts";
import {
  defined,
  flag,
  list,
  map,
  type Members,
  members,
  NEVER_TRUE,
  oneOf,
  size,
  text,
  texts,
  time,
} from "./parts.ts";
import { policyMembers } from "./policy_schema.ts";
import { programDefaults } from "./program_schema.ts";
import { splitMember, targetMembers } from "./target_schema.ts";

const validateOut = (byDefault?: string) =>
  oneOf(["off", "log", "strict"], "What is done about an answer that breaks the document: strict is 502.", byDefault);

const tlsMembers: Members = {
  cert: text("File with the certificate and those above it, as PEM."),
  key: text("File with the private key, as PEM."),
  selfSigned: flag("Make a certificate of our own, for development."),
  acme: flag("Get certificates from an authority that speaks ACME."),
  email: text("Address that the authority may write to."),
  directory: text("URL of the authority's directory. Default: that of Let's Encrypt."),
  dir: text("Directory in which keys and certificates are kept. Default: one of the user's data."),
  renewBefore: time("Renew when less than this is left.", { default: "30d" }),
  caCert: text("File with a certificate, as PEM, that the authority's own server is checked against."),
};

const connectionMembers: Members = {
  maxHeader: size("Request line and header fields; more are answered 431.", {
    default: gatewayLimits.headBytes,
    minimum: 1,
  }),
  headerTimeout: time("How long a client may take to send them.", { default: limits.requestHeadMs, minimum: 1 }),
  bodyTimeout: time("How long a client may send nothing of a body.", {
    default: limits.requestBodyIdleMs,
    minimum: 1,
  }),
  stallTimeout: time("How long a client may take nothing of an answer.", {
    default: limits.responseStallMs,
    minimum: 1,
  }),
  keepAlive: time("How long an idle connection is kept.", { default: limits.keepAliveMs, minimum: 1 }),
};

const openApiMembers: Members = {
  document: text("OpenAPI 3.0 or 3.1 document, YAML or JSON; relative to this file."),
  base: text("Path before those of the document, such as /v1."),
  validateIn: flag("Refuse requests that break the document.", true),
  validateOut: validateOut("log"),
  documentPath: {
    type: ["string", "boolean"],
    ...NEVER_TRUE,
    minLength: 1,
    default: "/openapi.json",
    description: "Where the document is; false for nowhere.",
  },
  docsPath: {
    type: ["string", "boolean"],
    ...NEVER_TRUE,
    minLength: 1,
    default: "/docs",
    description: "Where its page is; false for nowhere.",
  },
  operations: map(defined("operation"), "What each operation does, by its operationId or by METHOD /path."),
};

/** Members of a server; those of the first may stand at the top of the file. */
export const serverMembers: Members = {
  listen: texts("Addresses, host:port; :8080 is 127.0.0.1:8080, all addresses are 0.0.0.0:8080.", {
    default: "127.0.0.1:8080",
  }),
  hosts: texts("Names that the server answers to, *.example.com for all below. Default: all that no other has."),
  tls: members(tlsMembers, "HTTPS, with certificate files, one of our own, or those of an authority."),
  redirectHttp: text("Address at which plain HTTP is redirected to HTTPS, and HTTP-01 challenges are answered."),
  redirectTrailingSlash: flag("Redirect a path with a slash too many or too few to the one that a route has.", false),
  redirectCase: flag("Redirect a path in the wrong case to the one that a route has.", false),
  trustForwarded: flag("Believe X-Forwarded-* and Forwarded: only behind a proxy that sets them.", false),
  connections: members(connectionMembers, "Bounds on connections, before a route is known."),
  defaults: members(
    { ...policyMembers, ...programDefaults },
    "What every route and operation has that does not say otherwise.",
  ),
  routes: list(defined("route"), "What is answered, and by whom."),
  openapi: members(openApiMembers, "An OpenAPI document that requests and answers are held against.", ["document"]),
};

/** What the schema defines for servers. */
export const serverDefinitions: Members = {
  route: members(
    {
      path: text('Methods, if not all, and a pattern: "GET /orders/:id", "GET,POST /pet/{petId}", "/files/*rest".'),
      method: texts("Methods; they may stand in the path instead. Default: all."),
      hosts: texts("Narrows the server's hosts."),
      match: map(
        { type: ["string", "boolean"], not: { const: false } },
        "Header fields that a request must have: a value, or true for any.",
      ),
      ...targetMembers,
      ...splitMember,
      ...policyMembers,
      ...programDefaults,
    },
    "What it matches, what it asks of a request, and who answers.",
    ["path"],
  ),
  operation: members(
    {
      validateIn: flag("Refuse requests that break the document. Default: as for the document."),
      validateOut: validateOut(),
      ...targetMembers,
      ...splitMember,
      ...policyMembers,
      ...programDefaults,
    },
    "What an operation of the document does.",
  ),
  server: members(serverMembers, "Routes, and where they are to be had."),
};
