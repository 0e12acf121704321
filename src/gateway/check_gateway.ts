/** Whether a file of routes could be served, found out without serving it: nothing is started, built or opened. */

import { silent } from "../log.ts";
import { checksOf } from "./check_target.ts";
import type { GatewayConfig, ServerConfig } from "./config/model.ts";
import { readConfig } from "./config/read_config.ts";
import { openDocuments } from "./document_routes.ts";
import { labelOf, routePlans } from "./plan_routes.ts";
import type { RoutePlan } from "./route_plan.ts";
import { parsePattern } from "./router/pattern.ts";
import { openCertificates } from "./tls/certificates.ts";
import { checkAcme } from "./tls/check_acme.ts";

/** What is known of a file that is right. */
export interface CheckedGateway {
  readonly config: GatewayConfig;
  /** How many there are, those of OpenAPI documents too. */
  readonly routes: number;
}

/**
 * Reads a file and all that it names.
 *
 * @throws {ConfigError} {AggregateError} with all that is wrong with it
 */
export async function checkGateway(path: string): Promise<CheckedGateway> {
  const config = readConfig(path);
  return { config, routes: await checkConfig(config) };
}

/**
 * Looks over what a config names.
 *
 * @returns how many routes there are
 * @throws {AggregateError} with an error for each thing that is wrong, and a line for each in its message
 */
export async function checkConfig({ servers }: GatewayConfig): Promise<number> {
  const problems = new Problems();
  let routes = 0;
  for (const server of servers) {
    await problems.of(() => checkCertificate(server));
    const plans = await problems.of(() => plansOf(server)) ?? [];
    for (const plan of plans) await checkRoute(plan, problems);
    routes += plans.length;
  }
  problems.check();
  return routes;
}

/** What is wrong, each thing once. */
class Problems {
  readonly #errors = new Map<string, Error>();

  /** Does a step; undefined, with what was thrown noted, when it can't be done. */
  async of<T>(step: () => T | Promise<T>, label?: string): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = label === undefined ? why : `Cannot make the route ${label}: ${why}`;
      const isWhole = error instanceof Error && error.message === message;
      this.#errors.set(message, isWhole ? error : new Error(message, { cause: error }));
    }
  }

  check(): void {
    const errors = [...this.#errors.values()];
    if (errors.length > 0) throw new AggregateError(errors, errors.map(({ message }) => message).join("\n"));
  }
}

/** A self-signed one is made at the start, and one of an authority later: there is nothing to look at yet. */
async function checkCertificate({ tls, hosts }: ServerConfig): Promise<void> {
  if (tls?.kind === "acme") checkAcme(tls, hosts);
  if (tls?.kind !== "files") return;
  await using _certificates = await openCertificates(tls, hosts, { log: silent });
}

async function plansOf(server: ServerConfig): Promise<RoutePlan[]> {
  const [document] = await openDocuments([server]);
  return routePlans(server, document, { log: silent, dev: false });
}

async function checkRoute({ match, target }: RoutePlan, problems: Problems): Promise<void> {
  await problems.of(() => parsePattern(match.path));
  for (const check of checksOf(target)) await problems.of(check, labelOf(match));
}
