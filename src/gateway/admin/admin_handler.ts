/** What the operator asks a gateway: is it alive, does it take requests, what has it done, what does a process do. */

import type { Handler } from "../../http/handler.ts";
import { problem } from "../../http/problem.ts";
import { pathOf } from "../../http/served_request.ts";

/** What the answers are made of. */
export interface AdminSources {
  /** Whether requests are taken: not while it starts, and not while it stops. */
  readonly isReady: () => boolean;
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  /** What is known of the processes of a request; none when nothing is, or no more. */
  readonly processOf: (requestId: string) => readonly unknown[];
}

const PROCESSES = "/_sluice/processes/";

/** Makes the handler. It belongs on a loopback address or a unix socket: it asks nobody who they are. */
export function adminHandler({ isReady, metrics, processOf }: AdminSources): Handler {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, "Here is nothing to change", { headers: { allow: "GET, HEAD" } });
    }
    const path = pathOf(request.url);
    if (path === "/health") return json({ status: "ok" });
    if (path === "/ready") return isReady() ? json({ status: "ready" }) : problem(503, "Requests are not taken now");
    if (path === "/metrics") return text(await metrics.render(), metrics.contentType);
    if (path.startsWith(PROCESSES)) {
      const found = processOf(path.slice(PROCESSES.length));
      return found.length > 0 ? json(found) : problem(404, "No process of such a request is known, or no more");
    }
    return problem(404, `There is nothing here: there are /health, /ready, /metrics and ${PROCESSES}REQUEST_ID`);
  };
}

function json(value: unknown): Response {
  return text(JSON.stringify(value) + "\n", "application/json");
}

function text(body: string, type: string): Response {
  return new Response(body, { headers: { "content-type": type, "cache-control": "no-store" } });
}
