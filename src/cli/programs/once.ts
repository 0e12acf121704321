/** `serve --once`: one run, from standard input to standard output, with no server. */

import type { Handler } from "../../http/handler.ts";

/**
 * Runs a program once.
 *
 * @throws {Error} when it fails, also in the middle of its output
 */
export async function runOnce(handler: Handler): Promise<void> {
  const body = Deno.stdin.isTerminal() ? null : Deno.stdin.readable;
  const request = new Request(
    "http://localhost/",
    { method: body ? "POST" : "GET", body, duplex: "half" } as RequestInit,
  );
  const response = await handler(request);
  if (!response.ok && response.headers.get("content-type") === "application/problem+json") {
    const { detail } = await response.json();
    throw new Error(detail);
  }
  await response.body?.pipeTo(Deno.stdout.writable, { preventClose: true });
}
