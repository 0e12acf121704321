/** From what a route says of its target to the handler that answers. */

import type { Handler } from "../../http/handler.ts";
import type { TargetConfig } from "../config/target_model.ts";
import { parsePattern } from "../router/pattern.ts";
import { loomTarget } from "./loom_target.ts";
import { meshTarget } from "./mesh_target.ts";
import { chainTarget, pipeTarget, type ProgramNeeds, programTarget, replyTarget } from "./program_target.ts";
import { redirectTarget } from "./redirect_target.ts";
import { respondTarget } from "./respond_target.ts";
import { serviceTarget } from "./service_target.ts";
import { splitTarget } from "./split_target.ts";
import { staticFiles } from "./static_files.ts";
import { upstreamTarget } from "./upstream_target.ts";

type ServiceConfig = Extract<TargetConfig, { kind: "service" }>;

/**
 * Makes a target's handler. What it needs is ready when this resolves.
 *
 * @throws what is wrong with it: a missing file, a source that can't be compiled, an interpreter that is not there
 */
export async function makeTarget(config: TargetConfig, needs: ProgramNeeds): Promise<Handler> {
  const { context, route, held } = needs;
  switch (config.kind) {
    case "program":
      return await programTarget(config.program, needs);
    case "pipe":
      return await pipeTarget(config.programs, needs);
    case "chain":
      return await chainTarget(config.programs, needs);
    case "callback":
      return await replyTarget(config, needs);
    case "static":
      return staticFiles(config, { wildcard: wildcardOf(route.path), log: context.log });
    case "upstream":
      return held.use(upstreamTarget(config, { trustForwarded: route.trustForwarded }));
    case "service":
      return await serviceOf(config, needs);
    case "mesh":
      return meshTarget(config.services, context.mesh);
    case "redirect":
      return redirectTarget(config);
    case "respond":
      return respondTarget(config);
    case "loom":
      return held.use(await loomTarget(config, { stores: context.shared.looms, path: route.path }));
    case "split": {
      const targets = config.parts.map(({ target }) => makeTarget(target, needs));
      const handlers = await Promise.all(targets);
      return splitTarget(config.parts.map(({ weight }, index) => ({ weight, handler: handlers[index] })));
    }
  }
}

async function serviceOf(config: ServiceConfig, { context, route, held }: ProgramNeeds): Promise<Handler> {
  const { value: registry } = held.use(await context.shared.registry(context.registry));
  return held.use(serviceTarget(config, registry, { trustForwarded: route.trustForwarded }));
}

/** Name of the parameter that is the rest of a path. */
function wildcardOf(path: string): string | undefined {
  const last = parsePattern(path).at(-1);
  return last?.kind === "rest" ? last.name : undefined;
}
