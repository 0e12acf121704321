/** One request that is answered by callback: its wait, its job, and what ends them. */

import { toReadableStream } from "../../bytes/source.ts";
import { describeExit, type Exit, ProgramError } from "../../errors.ts";
import { isBodiless } from "../../http/bodiless.ts";
import { problem } from "../../http/problem.ts";
import { pause } from "../../net/backoff.ts";
import { Deadline } from "../../process/deadline.ts";
import type { Job, JobResult } from "../../process/job.ts";
import type { CallbackConfig } from "../config/target_model.ts";
import { gatewayLimits } from "../limits.ts";
import { type Delivery, type Reply, ReplyBody, type ReplyWaiter } from "./reply.ts";

/** What a run needs besides its job. */
export interface CallbackRunOptions {
  /** Of the request: HEAD gets no body. */
  readonly method: string;
  readonly onExit: CallbackConfig["onExit"];
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Type of a reply that names none. */
  readonly contentType: string;
  /** Show a failed program's report to the client. */
  readonly dev: boolean;
}

/** Why a reply did not arrive whole. */
const LOST: Record<Exclude<Delivery, "whole">, string> = {
  gone: "The client left before it had the whole reply",
  late: "The reply was not whole in time",
  broken: "The reply broke off",
};

/**
 * States: waiting -> replying -> over, or waiting -> over. A reply that is claimed makes the first step; the end of the
 * process, the clocks, a client that leaves and `stop` go to the end. The job outlives it for a while, when all went well.
 */
export class CallbackRun implements ReplyWaiter {
  /** The answer; rejects with what ended the wait. */
  readonly answer: Promise<Response>;
  /** Resolves when nothing is left of the job, undefined when there was none; rejects when it could not be ended. */
  readonly done: Promise<JobResult | undefined>;
  /** Why it failed or was stopped. */
  error: Error | undefined;
  readonly #options: CallbackRunOptions;
  readonly #answer = Promise.withResolvers<Response>();
  readonly #over = Promise.withResolvers<void>();
  /** Aborts when it is over. */
  readonly #waiting = new AbortController();
  readonly #settled = Promise.withResolvers<JobResult | undefined>();
  readonly #deadline: Deadline;
  readonly #started = performance.now();
  #expire: () => boolean = () => true;
  #job: Job | undefined;
  #body: ReplyBody | undefined;
  #state: "waiting" | "replying" | "over" = "waiting";
  #isStopped = false;

  constructor(options: CallbackRunOptions) {
    this.#options = options;
    this.answer = this.#answer.promise;
    this.answer.catch(() => {/* whoever asked for it is told */});
    this.done = this.#settled.promise;
    this.#deadline = new Deadline(options, (which, limitMs) => this.#late(which, limitMs));
  }

  /**
   * Ties the run to its job.
   *
   * @param starting rejects when the program can't be started
   * @param expire takes its id back; false when a reply has claimed it
   */
  async follow(starting: Promise<Job>, expire: () => boolean): Promise<void> {
    this.#expire = expire;
    let job: Job;
    try {
      job = this.#job = await starting;
    } catch (error) {
      this.stop(error as Error, "gone");
      return this.#settled.resolve(undefined);
    }
    job.done.then(this.#settled.resolve, this.#settled.reject);
    if (this.#state === "over") return this.#release();
    const exit = await job.exit;
    if (this.#options.onExit !== "wait") await this.#judge(job, exit);
  }

  /** Resolves when neither the client nor the leader of the job is waited for any more. */
  async settled(): Promise<void> {
    await this.#over.promise;
    await this.#job?.exit;
  }

  deliver(reply: Reply): Promise<Delivery> {
    this.#state = "replying";
    this.#deadline.touch();
    const { response, delivery } = this.#toResponse(reply);
    this.#answer.resolve(response);
    return delivery.then((delivery) => {
      if (delivery !== "whole") this.error ??= new Error(LOST[delivery]);
      this.#end(delivery !== "whole");
      return delivery;
    });
  }

  /** Says that bytes have moved. */
  readonly touch = (): void => this.#deadline.touch();

  /** Ends the wait with an error, or breaks the reply off; whatever the state, the job is ended. */
  stop(error: Error, delivery: Exclude<Delivery, "whole">): void {
    this.#isStopped = true;
    if (this.#state === "over") return void this.#job?.release({ kill: true });
    this.error ??= error;
    if (this.#body) return this.#body.stop(delivery, error);
    if (!this.#expire()) return;
    this.#answer.reject(error);
    this.#end(true);
  }

  /** Says that the client has left: the job goes on if the client has had its reply. */
  leave(error: Error): void {
    if (this.#state !== "over") this.stop(error, "gone");
  }

  #toResponse({ status, headers, contentLength, body }: Reply): { response: Response; delivery: Promise<Delivery> } {
    const content = isBodiless(status) ? undefined : body;
    if (content) {
      if (!headers.has("content-type")) headers.set("content-type", this.#options.contentType);
      if (contentLength !== undefined) headers.set("content-length", String(contentLength));
    }
    if (!content || this.#options.method === "HEAD") {
      return { response: new Response(null, { status, headers }), delivery: Promise.resolve("whole") };
    }
    const sent = this.#body = new ReplyBody(content, this.touch);
    return { response: new Response(toReadableStream(sent), { status, headers }), delivery: sent.delivery };
  }

  #late(which: "timeout" | "idle", limitMs: number): void {
    const what = which === "timeout" ? `was not whole within ${limitMs} ms` : `did not go on within ${limitMs} ms`;
    this.stop(new ProgramError("timeout", `The reply ${what}`, { stderr: this.#job?.stderrTail }), "late");
  }

  /** What the end of the process says, when no reply has come. */
  async #judge(job: Job, exit: Exit): Promise<void> {
    await pause(gatewayLimits.replyOnItsWayMs, this.#waiting.signal).catch(() => {/* it is over */});
    if (this.#state === "waiting") await job.drain();
    if (this.#state !== "waiting" || !this.#expire()) return;
    const { onExit } = this.#options;
    const isGood = exit.code === 0 && onExit !== "error";
    if (isGood) this.#answer.resolve(onExit === "report" ? Response.json(report(job, exit)) : noContent());
    else this.#fail(job, exit);
    this.#end(!isGood);
  }

  #fail(job: Job, exit: Exit): void {
    const message = `The program ended with ${describeExit(exit)} and sent no reply`;
    const [usedUp, stderr] = [job.usedUp(exit), job.stderrTail];
    const error = this.error = new ProgramError(usedUp ? "limit" : "exit", message, { exit, usedUp, stderr });
    if (this.#options.onExit !== "report" || !this.#options.dev) return this.#answer.reject(error);
    this.#answer.resolve(problem(error.status, message, { extensions: { ...report(job, exit), usedUp, stderr } }));
  }

  #end(failed: boolean): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#isStopped ||= failed;
    this.#deadline.clear();
    this.#over.resolve();
    this.#waiting.abort();
    this.#release();
  }

  /** A program whose reply the client has may still tidy up, as long as it might have taken for the reply. */
  #release(): void {
    const { timeoutMs } = this.#options;
    const graceMs = gatewayLimits.replyHeirsMs;
    const leftMs = timeoutMs === 0 ? Infinity : timeoutMs - (performance.now() - this.#started);
    const released = this.#job?.release({ kill: this.#isStopped, runOnMs: Math.max(leftMs, graceMs), graceMs });
    released?.catch(() => {/* who follows the run is told */});
  }
}

/** How a process ended, for its client. */
function report(job: Job, { code, signal }: Exit): Record<string, unknown> {
  return { exitCode: code, signal, durationMs: Math.round(job.durationMs), stdout: job.stdoutTail };
}

function noContent(): Response {
  return new Response(null, { status: 204 });
}
