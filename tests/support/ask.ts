/** Asking a server, and telling what came of it. */

import { RawClient } from "./raw_client.ts";
import { within } from "./within.ts";

/** What a client that reads to the end sees: `broken` when the answer ended before it was whole. */
export async function seen(url: string, init?: RequestInit): Promise<{ status: number; body: string | "broken" }> {
  const response = await within("an answer", fetch(url, init));
  try {
    return { status: response.status, body: await within("its body", response.text()) };
  } catch {
    return { status: response.status, body: "broken" };
  }
}

/** The same for a GET whose target is too long for fetch. */
export async function seenRaw(url: string, path: string): Promise<{ status: number; body: string }> {
  using client = await RawClient.connect(url);
  await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const head = await client.head();
  return { status: head.status, body: await client.body(head) };
}

/** The status and the detail of a problem document; the body as it is of another answer. */
export async function detail(url: string, init?: RequestInit): Promise<[status: number, detail: string]> {
  const { status, body } = await seen(url, init);
  return [status, body.startsWith("{") ? JSON.parse(body).detail : body];
}
