/** Programs of a route: one that answers, several joined, or one that replies later. */

import { chain } from "../../http/chain.ts";
import type { Handler } from "../../http/handler.ts";
import { pipe } from "../../http/pipe.ts";
import type { LogFields } from "../../log.ts";
import { program, type ProgramHandler } from "../../process/program.ts";
import type { ExitReport, ProgramOptions, StartReport } from "../../process/program_options.ts";
import type { CallbackConfig, ProgramConfig, RoutePolicy } from "../config/model.ts";
import type { GatewayContext, RouteFacts } from "../context.ts";
import { type CallbackReport, callbackTarget } from "../reply/callback_target.ts";
import { parsePattern } from "../router/pattern.ts";
import { OutputLog } from "./output_log.ts";
import { UsageStats } from "./usage_stats.ts";

/** What a route's programs are run with. */
export interface ProgramNeeds {
  readonly context: GatewayContext;
  readonly policy: RoutePolicy;
  readonly route: RouteFacts;
  /** Holds what has to be let go of with the route. */
  readonly held: AsyncDisposableStack;
}

/** A program that answers. It is built and loaded when this resolves. */
export async function programTarget(config: ProgramConfig, needs: ProgramNeeds): Promise<Handler> {
  const stats = needs.policy.stats ? new UsageStats() : undefined;
  const handler: ProgramHandler = needs.held.use(program(programOptions(config, needs, stats)));
  await handler.prepare();
  return stats ? stats.tell(handler) : handler;
}

/** Programs joined by their standard streams. */
export async function pipeTarget(configs: readonly ProgramConfig[], needs: ProgramNeeds): Promise<Handler> {
  return pipe(...await Promise.all(configs.map((config) => programTarget(config, needs))));
}

/** Programs one after another into one answer. */
export async function chainTarget(configs: readonly ProgramConfig[], needs: ProgramNeeds): Promise<Handler> {
  return chain(...await Promise.all(configs.map((config) => programTarget(config, needs))));
}

/** A program that replies by a request to the socket. */
export async function replyTarget(config: CallbackConfig, needs: ProgramNeeds): Promise<Handler> {
  const { context, policy, held, route } = needs;
  const { value: desk } = held.use(await context.shared.desk(context.reply!));
  const stats = policy.stats ? new UsageStats() : undefined;
  const handler = held.use(callbackTarget(config, {
    replies: desk.replies,
    socketPath: desk.path,
    timeoutMs: policy.timeoutMs,
    idleTimeoutMs: policy.idleTimeoutMs,
    limits: boundsOf(policy),
    mount: mountOf(route.path),
    dev: context.dev,
    log: logOf(needs),
    exactUsage: policy.stats,
    onStart: (report) => started(report, needs, stats),
    onEnd: (report) => stats?.ended(report),
    onExit: (report) => exited(report, needs, undefined),
  }));
  return stats ? stats.tell(handler) : handler;
}

function programOptions(config: ProgramConfig, needs: ProgramNeeds, stats: UsageStats | undefined): ProgramOptions {
  const { policy, route, context } = needs;
  const { file, command, args, language, mode, cwd, env, contentType, warm, reuse, limits, logStdout } = config;
  const log = logOf(needs);
  const output = logStdout ? new OutputLog(log) : undefined;
  return {
    ...{ file, command, args, language, mode, cwd, env, contentType, warm, reuse, log },
    resources: limits,
    exactUsage: policy.stats,
    timeoutMs: policy.timeoutMs,
    idleTimeoutMs: policy.idleTimeoutMs,
    limits: boundsOf(policy),
    mount: mountOf(route.path),
    dev: context.dev,
    onStdout: output && ((chunk, requestId) => output.take(chunk, requestId)),
    onStart: (report) => started(report, needs, stats),
    onExit: (report) => {
      output?.end(report.requestId);
      exited(report, needs, stats);
    },
  };
}

function started(report: StartReport, { context, route }: ProgramNeeds, stats: UsageStats | undefined): void {
  context.metrics.spawned(route.label);
  context.records.started(report);
  stats?.started(report);
}

function exited(
  report: ExitReport | CallbackReport,
  { context, route }: ProgramNeeds,
  stats: UsageStats | undefined,
): void {
  const { usage } = report;
  context.metrics.exited(route.label, { ...report, cpuMs: usage ? usage.userMs + usage.systemMs : 0 });
  context.records.ended(report);
  stats?.ended(report);
}

function boundsOf({ concurrency, queue, bodyBytes }: RoutePolicy): ProgramOptions["limits"] {
  return {
    ...concurrency !== undefined && { concurrency },
    ...queue !== undefined && { queue },
    ...bodyBytes !== undefined && { bodyBytes },
  };
}

/** Whatever the route's programs say stands under its name. */
function logOf({ context, route }: ProgramNeeds): GatewayContext["log"] {
  return (level, message, fields?: LogFields) => context.log(level, message, { route: route.label, ...fields });
}

/** What a program that has all below a path is told of where it is mounted: the path before its wildcard. */
function mountOf(path: string): string {
  const pattern = parsePattern(path);
  const isBelow = pattern.at(-1)?.kind === "rest" && pattern.slice(0, -1).every(({ kind }) => kind === "literal");
  return isBelow ? path.slice(0, path.lastIndexOf("/")) : "";
}
