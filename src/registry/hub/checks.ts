/** Active checks: a hub asks services whether they are there that somebody else registered for them. */

import { limits } from "../../limits.ts";
import type { Service } from "../service.ts";
import { type Check, readCheck } from "../table/document.ts";

/** What checks cause. */
export interface CheckEffects {
  /** A service has not answered several times in a row. */
  suspend(id: string): void;
  /** It answers again. */
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
    if (service?.check === undefined || this.#checked.size >= limits.registryChecks) return;
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

  async #watch(checked: Checked, check: Check): Promise<void> {
    const { signal } = checked.stop;
    let failures = 0;
    while (await isNotAborted(check.everyMs, signal)) {
      const answers = await isThere(checked.service, check, signal);
      if (signal.aborted) return;
      if (answers && failures >= limits.registryCheckFailures) this.#effects.resume(checked.service.id);
      failures = answers ? 0 : failures + 1;
      if (failures === limits.registryCheckFailures) this.#effects.suspend(checked.service.id);
    }
  }
}

/** Waits; false when the signal ended it. */
function isNotAborted(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(end, ms);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

/** Asks a service once. */
async function isThere({ host, port }: Service, check: Check, signal: AbortSignal): Promise<boolean> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(limits.registryCheckAnswerMs)]);
  try {
    if ("tcp" in check) {
      const connection = await Deno.connect({ hostname: host, port, signal: patience });
      connection.close();
      return true;
    }
    const authority = host.includes(":") ? `[${host}]` : host;
    const response = await fetch(`http://${authority}:${port}${check.http}`, { redirect: "manual", signal: patience });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // whatever the reason: it does not answer
  }
}
