/** Keys of policies and programs, and what each sets. */

import { type Answerer, programOf, type Row } from "./rows.ts";

export const policyRows: readonly Row<Answerer>[] = [
  ["timeout", "«timeout = $»", '"5s"', ({ policy }) => policy.timeoutMs, 5000],
  ["idleTimeout", "«idleTimeout = $»", "250", ({ policy }) => policy.idleTimeoutMs, 250],
  ["maxBody", "«maxBody = $»", '"10m"', ({ policy }) => policy.bodyBytes, 10 * 2 ** 20],
  ["minBody", "«minBody = $»", "3", ({ policy }) => policy.bodyBytesMin, 3],
  ["maxHeader", "«maxHeader = $»", '"4k"', ({ policy }) => policy.headBytes, 4096],
  ["maxConcurrency", "«maxConcurrency = $»", "7", ({ policy }) => policy.concurrency, 7],
  ["queue", "«queue = $»", "0", ({ policy }) => policy.queue, 0],
  ["rateLimit", "«rateLimit = $»", '"100/m"', ({ policy }) => policy.rateLimit, {
    requests: 100,
    windowMs: 60000,
    burst: 100,
    by: "client",
  }],
  ["rateLimit.requests", "rateLimit = { requests = $ }", "5", ({ policy }) => policy.rateLimit?.requests, 5],
  [
    "rateLimit.window",
    "rateLimit = { requests = 5«, window = $» }",
    '"2s"',
    ({ policy }) => policy.rateLimit?.windowMs,
    2000,
  ],
  ["rateLimit.burst", "rateLimit = { requests = 5«, burst = $» }", "2", ({ policy }) => policy.rateLimit?.burst, 2],
  [
    "rateLimit.by",
    "auth = { bearer = ['x'] }\nrateLimit = { requests = 5«, by = $» }",
    '"user"',
    ({ policy }) => policy.rateLimit?.by,
    "user",
  ],
  [
    "rateLimit.by.header",
    "rateLimit = { requests = 5, by = { header = $ } }",
    '"X-Key"',
    ({ policy }) => policy.rateLimit?.by,
    { header: "x-key" },
  ],
  ["auth", "«auth = $»", "{ bearer = ['x'] }", ({ policy }) => policy.auth?.kind, "bearer"],
  ["auth.basic", "auth = { basic = $ }", "['eva:x']", ({ policy }) => policy.auth, {
    kind: "basic",
    realm: "sluice",
    users: [{ name: "eva", password: "x", hash: undefined }],
  }],
  ["auth.bearer", "auth = { bearer = $ }", "['x', { file = 'tokens' }]", ({ policy }) => policy.auth, {
    kind: "bearer",
    realm: "sluice",
    tokens: ["x", "alpha", "beta"],
  }],
  ["auth.realm", "auth = { bearer = ['x']«, realm = $» }", '"shop"', ({ policy }) => policy.auth?.realm, "shop"],
  ["cors", "«cors = $»", '"https://app.example"', ({ policy }) => policy.cors?.origins, ["https://app.example"]],
  [
    "cors.origins",
    "cors = { «origins = $» }",
    '["https://a.example", "http://b.example:8080"]',
    ({ policy }) => policy.cors?.origins,
    ["https://a.example", "http://b.example:8080"],
  ],
  ["cors.methods", "cors = { «methods = $» }", '["put"]', ({ policy }) => policy.cors?.methods, ["PUT"]],
  ["cors.headers", "cors = { «headers = $» }", '"X-Key"', ({ policy }) => policy.cors?.headers, ["x-key"]],
  ["cors.expose", "cors = { «expose = $» }", '["X-Total"]', ({ policy }) => policy.cors?.expose, ["X-Total"]],
  [
    "cors.credentials",
    "cors = { origins = 'https://a.example'«, credentials = $» }",
    "true",
    ({ policy }) => policy.cors?.credentials,
    true,
  ],
  ["cors.maxAge", "cors = { «maxAge = $» }", '"1h"', ({ policy }) => policy.cors?.maxAge, 3600],
  ["cacheControl", "«cacheControl = $»", '"max-age=60"', ({ policy }) => policy.cacheControl, "max-age=60"],
  ["compress", "«compress = $»", "true", ({ policy }) => policy.compress, true],
  ["headers", "«headers = $»", "{ X-Frame-Options = 'DENY' }", ({ policy }) => policy.responseHeaders, {
    "x-frame-options": "DENY",
  }],
  ["stats", "«stats = $»", "true", ({ policy }) => policy.stats, true],
];

export const programRows: readonly Row<Answerer>[] = [
  ["env", "«env = $»", "{ A = '1', TOKEN = true }", ({ target }) => programOf(target)?.env, { A: "1", TOKEN: "t0ken" }],
  ["cwd", "«cwd = $»", '"public"', ({ target }) => programOf(target)?.cwd?.endsWith("/public"), true],
  ["warm", "«warm = $»", "3", ({ target }) => programOf(target)?.warm, 3],
  ["logStdout", "«logStdout = $»", "true", ({ target }) => programOf(target)?.logStdout, true],
  ["limits", "«limits = $»", "{ processes = 2 }", ({ target }) => programOf(target)?.limits, {
    cpuMs: undefined,
    memoryBytes: undefined,
    processes: 2,
    openFiles: undefined,
    fileBytes: undefined,
    cpus: undefined,
  }],
  ["limits.cpu", "limits = { «cpu = $» }", '"2s"', ({ target }) => programOf(target)?.limits?.cpuMs, 2000],
  [
    "limits.memory",
    "limits = { «memory = $» }",
    '"64m"',
    ({ target }) => programOf(target)?.limits?.memoryBytes,
    64 * 2 ** 20,
  ],
  ["limits.processes", "limits = { «processes = $» }", "9", ({ target }) => programOf(target)?.limits?.processes, 9],
  ["limits.openFiles", "limits = { «openFiles = $» }", "32", ({ target }) => programOf(target)?.limits?.openFiles, 32],
  [
    "limits.fileSize",
    "limits = { «fileSize = $» }",
    "1000",
    ({ target }) => programOf(target)?.limits?.fileBytes,
    1000,
  ],
  ["limits.cpus", "limits = { «cpus = $» }", "0.5", ({ target }) => programOf(target)?.limits?.cpus, 0.5],
];

/** A table behind a program's key; the row's line is a part of it. */
const ownRows: readonly Row<Answerer>[] = [
  ["file", "file = $", '"script"', ({ target }) => programOf(target)?.file?.endsWith("/script"), true],
  ["command", "command = $", '"sort -n"', ({ target }) => programOf(target)?.command, ["sort", "-n"]],
  ["args", "file = 'hello.py'«, args = $»", '["a b", ""]', ({ target }) => programOf(target)?.args, ["a b", ""]],
  [
    "language",
    "file = 'hello.py'«, language = $»",
    '"python3"',
    ({ target }) => programOf(target)?.language,
    "python3",
  ],
  ["mode", "file = 'hello.py'«, mode = $»", '"cgi"', ({ target }) => programOf(target)?.mode, "cgi"],
  ["reuse", "file = 'hello.py'«, reuse = $»", "10", ({ target }) => programOf(target)?.reuse, 10],
  ["type", "file = 'hello.py'«, type = $»", '"text/csv"', ({ target }) => programOf(target)?.contentType, "text/csv"],
];
export const tableRows: readonly Row<Answerer>[] = [
  ...programRows.map(([key, line, ...rest]): Row<Answerer> => {
    const more = line.startsWith("«") ? `«, ${line.slice(1)}` : `, ${line}`;
    return [key, `file = 'hello.py'${more}`, ...rest];
  }),
  ...ownRows,
];

/** Sources of texts, and users, where they stand. */
export const sourceRows: readonly Row<Answerer>[] = [
  [
    "secret.env",
    "auth = { bearer = [{ env = $ }] }",
    '"TOKEN"',
    ({ policy }) => policy.auth?.kind === "bearer" && policy.auth.tokens,
    ["t0ken"],
  ],
  [
    "secret.file",
    "auth = { bearer = [{ file = $ }] }",
    '"tokens"',
    ({ policy }) => policy.auth?.kind === "bearer" && policy.auth.tokens,
    ["alpha", "beta"],
  ],
  ["user.name", "auth = { basic = [{ password = 'x', name = $ }] }", '"eva"', userOf, {
    name: "eva",
    password: "x",
    hash: undefined,
  }],
  ["user.password", "auth = { basic = [{ name = 'eva', password = $ }] }", '{ env = "TOKEN" }', userOf, {
    name: "eva",
    password: "t0ken",
    hash: undefined,
  }],
  ["user.hash", "auth = { basic = [{ name = 'eva', hash = $ }] }", `"sha256:${"0A".repeat(32)}"`, userOf, {
    name: "eva",
    password: undefined,
    hash: `sha256:${"0a".repeat(32)}`,
  }],
  ["user.env", "auth = { basic = [{ env = $ }] }", '"LOGIN"', userOf, {
    name: "eva",
    password: "lovelace",
    hash: undefined,
  }],
  ["user.file", "auth = { basic = [{ file = $ }] }", '"users"', userOf, {
    name: "ada",
    password: "pass:word",
    hash: undefined,
  }],
  ["variable.env", "env = { A = { env = $ } }", '"TOKEN"', ({ target }) => programOf(target)?.env, { A: "t0ken" }],
  ["variable.file", "env = { A = { file = $ } }", '"cert.pem"', ({ target }) => programOf(target)?.env, {
    A: "certificate",
  }],
];

function userOf({ policy }: Answerer) {
  return policy.auth?.kind === "basic" && policy.auth.users[0];
}
