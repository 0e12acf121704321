import { deepEqual, equal } from "node:assert/strict";
import { HttpError, ProgramError, type ProgramErrorCode } from "../../src/errors.ts";
import { errorResponse, problem } from "../../src/http/problem.ts";

const inner = "inner message with /a/path";

/** Status and document of an answer. */
async function read(response: Response): Promise<[number, Record<string, unknown>]> {
  equal(response.headers.get("content-type"), "application/problem+json");
  equal(response.headers.get("cache-control"), "no-store");
  const text = await response.text();
  equal(text.at(-1), "\n");
  return [response.status, JSON.parse(text)];
}

Deno.test("problem() is a problem document (RFC 9457)", async () => {
  const response = problem(404, "Nothing is here", { headers: { "x-a": "1" }, extensions: { near: ["/a"] } });
  equal(response.headers.get("x-a"), "1");
  deepEqual(await read(response), [404, {
    type: "about:blank",
    title: "Not Found",
    status: 404,
    detail: "Nothing is here",
    near: ["/a"],
  }]);
});

Deno.test("problem() has a title for every status that we answer with, and one for others", async () => {
  for (const status of [400, 401, 404, 405, 408, 409, 413, 415, 422, 431, 500, 501, 502, 503, 504]) {
    const [, { title }] = await read(problem(status, ""));
    equal(title === "Error", false, `${status}`);
  }
  equal((await read(problem(418, "")))[1].title, "Error");
});

Deno.test("problem() keeps its own headers", async () => {
  await read(problem(400, "", { headers: { "content-type": "text/html", "cache-control": "public" } }));
});

Deno.test("errorResponse() tells a client what is meant for it, with the headers that belong to it", async () => {
  const response = errorResponse(
    new HttpError(503, "Come back", { headers: { "retry-after": "1" }, cause: new Error(inner) }),
  );
  equal(response.headers.get("retry-after"), "1");
  const [status, document] = await read(response);
  deepEqual([status, document.title, document.detail], [503, "Service Unavailable", "Come back"]);
  equal(JSON.stringify(document).includes(inner), false);
});

const statuses = { start: 502, build: 500, exit: 502, timeout: 504, head: 502 } as const;

for (const [reason, expected] of Object.entries(statuses) as [ProgramErrorCode, number][]) {
  Deno.test(`errorResponse() answers a program's failure "${reason}" with ${expected}, and keeps inner messages`, async () => {
    const error = new ProgramError(reason, inner, {
      stderr: "secret",
      exit: { code: 3, signal: null },
      cause: new Error("why"),
    });
    for (const options of [undefined, {}, { dev: false }]) {
      const [status, document] = await read(errorResponse(error, options));
      equal(status, expected);
      deepEqual(Object.keys(document), ["type", "title", "status", "detail"]);
      equal(/inner|secret|why/.test(JSON.stringify(document)), false);
    }
  });

  Deno.test(`errorResponse() shows a program's failure "${reason}" in development`, async () => {
    const error = new ProgramError(reason, inner, { stderr: "its words", exit: { code: null, signal: "SIGSEGV" } });
    const [status, document] = await read(errorResponse(error, { dev: true }));
    equal(status, expected);
    deepEqual([document.detail, document.stderr, document.code, document.signal], [
      inner,
      "its words",
      null,
      "SIGSEGV",
    ]);
    equal(document.status, expected);
  });
}

Deno.test("errorResponse() answers anything else with 500, and says what it was only in development", async () => {
  for (const error of [new Error(inner), new TypeError(inner), inner, undefined, null, { message: inner }]) {
    const [status, document] = await read(errorResponse(error));
    equal(status, 500);
    equal(JSON.stringify(document).includes(inner), false);
  }
  equal((await read(errorResponse(new Error(inner), { dev: true })))[1].detail, inner);
  equal((await read(errorResponse(inner, { dev: true })))[0], 500);
});
