/** Active checks: a hub asks services whether they are there that somebody else registered for them. */

import { get } from "node:http";
import { oneConnection } from "../../http/forward_pool.ts";
import { limits } from "../../limits.ts";
import { pause } from "../../net/backoff.ts";
import type { Service } from "../service.ts";
import { readCheck, type ServiceCheck } from "../table/document.ts";

/** What checks cause. Both are told after each answer: what was registered anew meanwhile may be shown or not. */
export interface CheckEffects {
  /** A service has not answered several times in a row. */
  suspend(id: string): void;
  /** It answers. */
  resume(id: string): void;
}

/** One service that is checked. */
interface Checked {
  service: Service;
  readonly stop: AbortController;
}

/** All checks of a hub. */
export class Checks {
  readonly #effects: CheckEffects;
  readonly #checked = new Map<string, Checked>();
  readonly #running = new Set<Promise<void>>();

  constructor(effects: CheckEffects) {
    this.#effects = effects;
  }

  /** A service was registered or changed; undefined when it was freed. */
  update(id: string, service: Service | undefined): void {
    const before = this.#checked.get(id);
    if (before && service && JSON.stringify(before.service.check) === JSON.stringify(service.check)) {
      before.service = service;
      return;
    }
    before?.stop.abort();
    this.#checked.delete(id);
    if (service?.check === undefined) return;
    const checked = { service, stop: new AbortController() };
    this.#checked.set(id, checked);
    const running = this.#watch(checked, readCheck(service.check)).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Ends all. */
  async close(): Promise<void> {
    for (const { stop } of this.#checked.values()) stop.abort();
    this.#checked.clear();
    await Promise.all(this.#running);
  }

  async #watch(checked: Checked, check: ServiceCheck): Promise<void> {
    const { signal } = checked.stop;
    let failures = 0;
    while (await pause(check.everyMs, signal).then(() => true, () => false)) {
      const answers = await isThere(checked.service, check, signal);
      if (signal.aborted) return;
      failures = answers ? 0 : failures + 1;
      if (answers) this.#effects.resume(checked.service.id);
      else if (failures >= limits.registryCheckFailures) this.#effects.suspend(checked.service.id);
    }
  }
}

/** Asks a service once. */
async function isThere({ host, port }: Service, check: ServiceCheck, signal: AbortSignal): Promise<boolean> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(limits.registryCheckAnswerMs)]);
  try {
    if ("tcp" in check) {
      const connection = await Deno.connect({ hostname: host, port, signal: patience });
      connection.close();
      return true;
    }
    const status = await statusOf({ host, port, path: check.http }, patience);
    return status >= 200 && status < 300;
  } catch {
    return false; // whatever the reason: it does not answer
  }
}

/** Asks over HTTP as requests are passed on: whatever the environment says, by no proxy, and nowhere else when sent on. */
function statusOf(target: { host: string; port: number; path: string }, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const agent = oneConnection();
    const request = get({ ...target, agent, signal, maxHeaderSize: limits.upstreamHeadBytes }, (response) => {
      response.destroy(); // and its body, which may have no end
      resolve(response.statusCode!);
    });
    request.on("error", reject);
  });
}
