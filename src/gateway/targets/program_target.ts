/** Programs of a route: one that answers, several joined, or one that replies later. */

import { describeExit } from "../../errors.ts";
import { chain } from "../../http/chain.ts";
import type { Handler } from "../../http/handler.ts";
import { pipe } from "../../http/pipe.ts";
import type { LogFields } from "../../log.ts";
import { program, type ProgramHandler } from "../../process/program.ts";
import type { ExitReport, ProgramOptions, StartReport } from "../../process/program_options.ts";
import type { RoutePolicy } from "../config/model.ts";
import type { CallbackConfig, ProgramConfig } from "../config/target_model.ts";
import type { GatewayContext, RouteFacts } from "../context.ts";
import { type CallbackReport, callbackTarget } from "../reply/callback_target.ts";
import { parsePattern } from "../router/pattern.ts";
import { OutputLog } from "./output_log.ts";
import { StageUsage } from "./stage_usage.ts";
import { UsageStats } from "./usage_stats.ts";

/** What a route's programs are run with. */
export interface ProgramNeeds {
  readonly context: GatewayContext;
  readonly policy: RoutePolicy;
  readonly route: RouteFacts;
  /** Holds what has to be let go of with the route. */
  readonly held: AsyncDisposableStack;
}

/** Whoever tells clients what processes used. */
type Stats = Pick<UsageStats, "started" | "ended">;

/** What a program is made with that is one of several. */
interface Making {
  readonly stats: Stats | undefined;
  readonly limits: ProgramOptions["limits"];
  readonly onExit?: (report: ExitReport) => void;
}

/** A program that answers. It is built and loaded when this resolves. */
export async function programTarget(config: ProgramConfig, needs: ProgramNeeds): Promise<Handler> {
  const stats = needs.policy.stats ? new UsageStats() : undefined;
  const handler = await makeProgram(config, needs, { stats, limits: boundsOf(needs.policy) });
  return stats ? stats.tell(handler) : handler;
}

/** Programs joined by their standard streams. */
export function pipeTarget(configs: readonly ProgramConfig[], needs: ProgramNeeds): Promise<Handler> {
  return stagesTarget(configs, pipe, needs);
}

/** Programs one after another into one answer. */
export function chainTarget(configs: readonly ProgramConfig[], needs: ProgramNeeds): Promise<Handler> {
  return stagesTarget(configs, chain, needs);
}

/** The bounds of requests are for the whole: what goes from one program to the next may be larger than what came. */
async function stagesTarget(
  configs: readonly ProgramConfig[],
  join: (...handlers: Handler[]) => Handler,
  needs: ProgramNeeds,
): Promise<Handler> {
  const stats = needs.policy.stats ? new StageUsage(configs.length) : undefined;
  const { concurrency } = needs.policy;
  const limits = concurrency === undefined ? {} : { concurrency };
  const log = logOf(needs);
  const handlers = await Promise.all(configs.map((config, index) => {
    const stage = `${index + 1} of ${configs.length}`;
    return makeProgram(config, needs, { stats, limits, onExit: (report) => logStage(log, stage, report) });
  }));
  const handler = join(...handlers);
  return stats ? stats.tell(handler) : handler;
}

function logStage(log: GatewayContext["log"], stage: string, report: ExitReport): void {
  const { requestId: request, title: program, durationMs, error } = report;
  const ms = Math.round(durationMs * 10) / 10;
  log(error ? "warn" : "info", `Stage ${stage} ended with ${describeExit(report)}`, { request, program, ms });
}

async function makeProgram(config: ProgramConfig, needs: ProgramNeeds, making: Making): Promise<ProgramHandler> {
  const handler = needs.held.use(program(programOptions(config, needs, making)));
  await handler.prepare();
  return handler;
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
    onQueue: context.metrics.queue(route.label),
    onStart: (report) => started(report, needs, stats),
    onEnd: (report) => stats?.ended(report),
    onExit: (report) => exited(report, needs, undefined),
  }));
  return stats ? stats.tell(handler) : handler;
}

function programOptions(config: ProgramConfig, needs: ProgramNeeds, making: Making): ProgramOptions {
  const { policy, route, context } = needs;
  const { file, command, args, language, mode, cwd, env, contentType, warm, reuse, limits, logStdout } = config;
  const { stats } = making;
  const log = logOf(needs);
  const output = logStdout ? new OutputLog(log) : undefined;
  return {
    ...{ file, command, args, language, mode, cwd, env, contentType, warm, reuse, log },
    resources: limits,
    exactUsage: policy.stats,
    timeoutMs: policy.timeoutMs,
    idleTimeoutMs: policy.idleTimeoutMs,
    limits: making.limits,
    mount: mountOf(route.path),
    dev: context.dev,
    onStdout: output && ((chunk, requestId) => output.take(chunk, requestId)),
    onQueue: context.metrics.queue(route.label),
    onStart: (report) => started(report, needs, stats),
    onExit: (report) => {
      output?.end(report.requestId);
      exited(report, needs, stats);
      making.onExit?.(report);
    },
  };
}

function started(report: StartReport, { context, route }: ProgramNeeds, stats: Stats | undefined): void {
  context.metrics.spawned(route.label);
  context.records.started(report);
  stats?.started(report);
}

function exited(
  report: ExitReport | CallbackReport,
  { context, route }: ProgramNeeds,
  stats: Stats | undefined,
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
