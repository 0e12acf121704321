/** Calls services by name: finds who offers one, chooses, and tries another where nothing is lost by that. */

import { toReadableStream } from "../../bytes/source.ts";
import { HttpError } from "../../errors.ts";
import type { RequestInfo } from "../../http/handler.ts";
import { errorResponse } from "../../http/problem.ts";
import { call } from "../calls/call.ts";
import { CallError } from "../calls/call_error.ts";
import { isIdempotent, prepareCall, type PreparedCall } from "../calls/prepare_call.ts";
import { ReplayBody } from "../calls/replay_body.ts";
import type { Attempt } from "../choose/provider.ts";
import { parsePattern, type ServicePattern } from "../choose/range.ts";
import type { Clock } from "../clock.ts";
import type { Reach } from "../contact.ts";
import { meshLimits } from "../limits.ts";
import { MeshError } from "../mesh_error.ts";
import type { NodeId } from "../node_id.ts";
import { ResetCode, StreamReset } from "../session/reset_code.ts";
import type { Session } from "../session/session.ts";
import { CallTime } from "./call_time.ts";
import { isRemote, type LocalProvider, type Provider, type RemoteProvider } from "./provider.ts";
import { type ProviderSource, ServiceView } from "./service_view.ts";

/** How a service is called. */
export interface CallOptions {
  /** What a server knows of the request besides it. */
  readonly info?: RequestInfo;
  /** How long nothing may move, milliseconds; 0 for ever. Default: 60,000. */
  readonly idleTimeoutMs?: number;
  /** How long all of the call may take, milliseconds; 0 for ever, the default. */
  readonly timeoutMs?: number;
}

/** What a caller needs of its node. */
export interface CallerHost extends ProviderSource {
  readonly clock: Clock;
  readonly random: () => number;
  readonly locality: "first" | "none";
  /** Looks for those who offer a service, where it was not looked for yet. */
  find(service: string): Promise<unknown>;
  /** Looks again: those who were found are not there. */
  findAgain(service: string): Promise<unknown>;
  session(reach: Reach): Session | Promise<Session>;
}

/** One call, with all that it takes to try it again. */
interface Calling {
  readonly request: Request;
  readonly options: CallOptions;
  readonly patterns: readonly ServicePattern[];
  readonly prepared: PreparedCall;
  readonly body: ReplayBody;
  readonly time: CallTime;
  /** Keys of providers that it failed at; */
  readonly tried: Set<string>;
  /** of those whose session was ending, which may take it by another one, */
  readonly parted: Set<string>;
  /** and of those that it did not wait for, with what it would have waited for. */
  readonly late: Map<string, Promise<Session>>;
}

/** A provider that is to take the call. */
interface Chosen {
  readonly provider: Provider;
  readonly view: ServiceView;
}

/** Calls for one node. */
export class ServiceCaller {
  readonly #host: CallerHost;
  readonly #views = new Map<string, ServiceView>();
  readonly #patterns = new Map<string, ServicePattern>();
  /** Providers with which a session is being begun, and since when. */
  readonly #awaited = new Map<string, number>();

  constructor(host: CallerHost) {
    this.#host = host;
  }

  /**
   * Calls the first of the services that somebody offers.
   *
   * @throws {HttpError} when there is no answer: 503 where nobody offers it, 502 where it failed, 504 where it was late
   * @throws {TypeError} for what is no name of a service
   * @throws the reason of the request's signal
   */
  async fetch(services: readonly string[], request: Request, options: CallOptions = {}): Promise<Response> {
    const body = new ReplayBody(request);
    try {
      return await this.#fetch({
        ...{ request, options, body, tried: new Set(), parted: new Set(), late: new Map() },
        patterns: services.map((service) => this.#pattern(service)),
        prepared: prepareCall(request, options.info),
        time: new CallTime(this.#host.clock, request.signal, options.timeoutMs ?? 0),
      });
    } finally {
      body[Symbol.dispose](); // not by `using`, which Node.js has from version 24 on
    }
  }

  /** A node is about to leave: it takes no more calls. */
  left(id: NodeId): void {
    for (const view of this.#views.values()) view.left(id);
  }

  async #fetch(calling: Calling): Promise<Response> {
    const { clock } = this.#host;
    let [failures, slow] = [0, 0];
    let failure: unknown;
    for (let choices = 0; choices < meshLimits.callChoices && slow < meshLimits.callSlowChoices; choices++) {
      const begunMs = clock.nowMs();
      const chosen = await this.#choose(calling);
      if (!chosen) break;
      if (failure === undefined) chosen.view.budget.deposit(clock.nowMs());
      try {
        return await this.#try(chosen, calling);
      } catch (error) {
        failure = error;
        if (!(error instanceof CallError) || !this.#mayRetry(error, chosen, calling)) throw error;
        if (!error.nothingDone && ++failures >= meshLimits.callTries) throw error;
        this.#putAside(error, chosen, calling);
        if (clock.nowMs() - begunMs >= meshLimits.callChoiceSlowMs) slow++;
      }
    }
    if (failure !== undefined) throw failure;
    throw new HttpError(503, "The service is not there at the moment", { headers: { "retry-after": "1" } });
  }

  /** Waits for lookups only at first, and where nobody is known, or those who are turned out not to be there. */
  async #choose({ patterns, tried, time }: Calling): Promise<Chosen | undefined> {
    for (const pattern of patterns) {
      const view = this.#view(pattern.name);
      if (!view.wasSought && patterns.length > 1) await time.during(this.#host.find(pattern.name));
      view.wasSought = true;
      const known = this.#pick([pattern], tried);
      if (known) return known;
    }
    for (const look of ["find", "findAgain"] as const) {
      for (const pattern of patterns) {
        await time.during(this.#host[look](pattern.name));
        this.#view(pattern.name).refresh();
        const found = this.#pick([pattern], tried);
        if (found) return found;
      }
    }
    return undefined;
  }

  #pick(patterns: readonly ServicePattern[], tried: ReadonlySet<string>): Chosen | undefined {
    for (const pattern of patterns) {
      const view = this.#view(pattern.name);
      const provider = view.chooser.pick(view.providers(pattern), tried, this.#host.clock.nowMs());
      if (provider) return { provider: provider as Provider, view };
    }
    return undefined;
  }

  async #try({ provider, view }: Chosen, calling: Calling): Promise<Response> {
    const { clock } = this.#host;
    const { request, prepared, body, options, time } = calling;
    const head = prepared.head(provider.service, provider.version);
    const attempt = view.chooser.begin(provider.key, clock.nowMs());
    if (!isRemote(provider)) return await this.#here(provider, calling, attempt);
    const session = await this.#session(provider, calling, attempt);
    return await call(session, {
      ...{ request, clock, head, body: body.source() },
      idleMs: options.idleTimeoutMs ?? meshLimits.callIdleMs,
      totalMs: time.leftMs(),
      onAnswer: () => attempt.answered(clock.nowMs()),
      onEnd: (outcome) => attempt.ended(clock.nowMs(), outcome),
    });
  }

  /** Answers as another node would: what a handler throws is an answer, too. */
  async #here({ handler, isGuest }: LocalProvider, calling: Calling, attempt: Attempt): Promise<Response> {
    const { clock } = this.#host;
    const { request, body, options: { info } } = calling;
    try {
      const response = await handler(body.isUntouched ? request : again(request, body), info);
      attempt.ended(clock.nowMs(), "ok");
      return response;
    } catch (error) {
      const { signal } = request;
      // Of a handler of ours, such an error is of a call that it has made itself: it has done something all the same.
      const failure = isGuest && error instanceof CallError ? error : undefined;
      attempt.ended(clock.nowMs(), signal.aborted ? "cancelled" : failure?.outcome ?? "ok");
      if (signal.aborted || failure) throw error;
      return errorResponse(error);
    }
  }

  /** A session with a provider; where there are others, or one of those is ready first, it is not waited for long. */
  async #session({ reach, key }: RemoteProvider, calling: Calling, attempt: Attempt): Promise<Session> {
    const { clock } = this.#host;
    const { patterns, tried, late, time } = calling;
    const step = this.#host.session(reach);
    if (!(step instanceof Promise)) return step;
    const { promise: enough, resolve } = Promise.withResolvers<undefined>();
    const hasOthers = this.#pick(patterns, new Set([...tried, key])) !== undefined;
    const stopClock = hasOthers ? clock.after(this.#patienceMs(key, step), () => resolve(undefined)) : () => {};
    for (const other of late.values()) other.then(() => resolve(undefined), () => {/* so it is not there */});
    try {
      const session = await time.during(Promise.race([step, enough]));
      if (session) return session;
      late.set(key, step);
      const isOver = () => late.delete(key);
      step.then(() => isOver() && tried.delete(key), isOver);
      throw unreached(undefined);
    } catch (error) {
      attempt.ended(clock.nowMs(), error instanceof MeshError ? "failed" : "cancelled");
      throw error instanceof MeshError ? unreached(error) : error;
    } finally {
      stopClock();
    }
  }

  /** How long a call waits for a session; one that comes when others have waited for it already waits the less. */
  #patienceMs(key: string, connecting: Promise<Session>): number {
    const nowMs = this.#host.clock.nowMs();
    const sinceMs = this.#awaited.get(key);
    if (sinceMs !== undefined) return Math.max(0, sinceMs + meshLimits.callPatienceMs - nowMs);
    this.#awaited.set(key, nowMs);
    const over = () => this.#awaited.delete(key);
    connecting.then(over, over);
    return meshLimits.callPatienceMs;
  }

  /** Whether a call that failed is tried elsewhere. */
  #mayRetry(error: CallError, { view }: Chosen, { request, body }: Calling): boolean {
    if (request.signal.aborted || error.outcome === "cancelled") return false;
    // A handler of this node that has begun with the body has not left it to anybody else.
    if (!body.canReplay || body.isUntouched && request.bodyUsed) return false;
    if (error.nothingDone) return true;
    return error.status !== 504 && isIdempotent(request) && view.budget.tryWithdraw(this.#host.clock.nowMs());
  }

  /** Sees to it that the next try goes elsewhere. */
  #putAside({ cause, nothingDone }: CallError, { provider, view }: Chosen, { tried, parted }: Calling): void {
    const { key } = provider;
    const code = cause instanceof StreamReset ? cause.code : undefined;
    if (code === ResetCode.noService && isRemote(provider)) view.gone(provider);
    // Sessions end when they were idle, or with the node that passes them on: the provider may be there all the same.
    const isHarmless = nothingDone || isRemote(provider) && provider.reach.relays.length > 0;
    const isParting = code === ResetCode.ending ||
      isHarmless && cause instanceof MeshError && cause.code === "closed";
    if (isParting && !parted.has(key)) parted.add(key);
    else tried.add(key);
  }

  #view(service: string): ServiceView {
    const known = this.#views.get(service);
    if (known) return known;
    const { random, locality, clock } = this.#host;
    const view = new ServiceView(service, this.#host, clock, { random, locality });
    if (this.#views.size >= meshLimits.servicesCalled) this.#views.delete(this.#views.keys().next().value!);
    this.#views.set(service, view);
    return view;
  }

  #pattern(text: string): ServicePattern {
    const known = this.#patterns.get(text);
    if (known) return known;
    const pattern = parsePattern(text);
    if (this.#patterns.size >= meshLimits.servicesCalled) this.#patterns.clear();
    this.#patterns.set(text, pattern);
    return pattern;
  }
}

function unreached(cause: MeshError | undefined): CallError {
  return new CallError(502, "The service can't be reached", { nothingDone: true, outcome: "failed", cause });
}

/** The same request, with a body that another provider has had some of. */
function again({ url, method, headers, signal }: Request, body: ReplayBody): Request {
  const source = body.source();
  const stream = source ? toReadableStream(source) : undefined;
  return new Request(url, { method, headers, signal, body: stream, duplex: "half" } as RequestInit);
}
