/** Programs that reply by callback, over real HTTP and a real socket, within the test's own process. */

import { Buffer } from "node:buffer";
import { type ClientRequest, type IncomingMessage, request as ask, type RequestOptions } from "node:http";
import { serveHttp } from "../../src/http/node_server.ts";
import type { CallbackConfig, ProgramConfig } from "../../src/gateway/config/target_model.ts";
import { type CallbackOptions, type CallbackReport, callbackTarget } from "../../src/gateway/reply/callback_target.ts";
import { PendingReplies } from "../../src/gateway/reply/pending_replies.ts";
import type { ReplyWaiter } from "../../src/gateway/reply/reply.ts";
import { replyHandler } from "../../src/gateway/reply/reply_server.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { listen, type Listening } from "./in_process.ts";
import { until, within } from "./within.ts";

/** A route whose program replies by callback. */
export interface ListeningCallback extends Listening {
  readonly folder: Folder;
  readonly socket: string;
  readonly replies: PendingReplies<ReplyWaiter>;
  readonly log: string[];
  readonly reports: CallbackReport[];
  /** Asks, and gives the answer to be and what a program that is `waiting` replies with. */
  ask(init?: RequestInit): Promise<{ readonly answer: Promise<Response>; readonly token: string }>;
  /** Waits for so many jobs to be gone. */
  gone(count: number): Promise<CallbackReport[]>;
}

/** What a test cares about. */
export interface CallbackSettings extends Partial<Omit<CallbackConfig, "program" | "kind">> {
  readonly program?: Partial<ProgramConfig>;
  readonly options?: Partial<CallbackOptions>;
  readonly secret?: boolean;
}

/** A program with all that a test does not care about. */
export function programConfig(program: Partial<ProgramConfig>): ProgramConfig {
  return {
    file: undefined,
    command: undefined,
    args: [],
    language: undefined,
    mode: undefined,
    cwd: undefined,
    env: {},
    warm: 0,
    reuse: 1,
    contentType: undefined,
    logStdout: false,
    limits: undefined,
    ...program,
  };
}

/** A callback with all that a test does not care about. */
export function callbackConfig({ program = {}, channel = "none", onExit = "wait" }: CallbackSettings): CallbackConfig {
  return { kind: "callback", program: programConfig(program), channel, onExit };
}

/** Shell that replies with what curl is told to send. */
export const reply = 'curl -sS --unix-socket "$SLUICE_REPLY_SOCKET" "http://x/urhttp/$REQUEST_ID"';

/** A program of shell: arguments of the callback come as "$@". */
export function shellProgram(line: string): Partial<ProgramConfig> {
  return { command: ["sh", "-c", line, "sh"] };
}

/** Shell that says its id in the log, and leaves the reply to the test. */
export const waiting = 'echo "$REQUEST_ID" >&2; exec sleep 1000';

/** Serves a line of shell, or another program, that replies by callback. */
export async function listenCallback(line: string, settings: CallbackSettings = {}): Promise<ListeningCallback> {
  const folder = await makeFolder();
  const socket = folder.file("reply.sock");
  const replies = new PendingReplies<ReplyWaiter>({ secret: settings.secret });
  const log: string[] = [];
  const reports: CallbackReport[] = [];
  const config = callbackConfig({ ...settings, program: { ...shellProgram(line), ...settings.program } });
  const target = callbackTarget(config, {
    replies,
    socketPath: socket,
    log: (_level, message) => void log.push(message),
    onExit: (report) => void reports.push(report),
    ...settings.options,
  });
  const server = await serveHttp(replyHandler(replies), { path: socket });
  const front = await listen(target);
  return {
    ...front,
    folder,
    socket,
    replies,
    log,
    reports,
    ask: async (init) => {
      const before = log.length;
      const answer = fetch(front.url, init);
      answer.catch(() => {/* a test that cares awaits it */});
      await until("the program says its id", () => log.length > before);
      return { answer, token: log[before] };
    },
    gone: async (count) => {
      await until(`${count} jobs are gone`, () => reports.length >= count);
      return reports;
    },
    [Symbol.asyncDispose]: async () => {
      await target[Symbol.asyncDispose]();
      await front[Symbol.asyncDispose]();
      await server.close(0);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A reply that is sent by hand. */
export interface HandReply {
  readonly request: ClientRequest;
  /** What it was answered; rejects when the connection broke. */
  readonly answer: Promise<{ readonly status: number; readonly body: string }>;
}

/** Begins a reply; who calls it writes the body and ends it. */
export function beginReply(socketPath: string, path: string, options: RequestOptions = {}): HandReply {
  const request = ask({ socketPath, path, method: "POST", agent: false, ...options });
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", async (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString() });
    });
  });
  answer.catch(() => {/* a test that cares awaits it */});
  return { request, answer };
}

/** Replies, and gives the status that it was answered. */
export async function sendReply(
  socketPath: string,
  path: string,
  body?: string | Uint8Array,
  options?: RequestOptions,
): Promise<number> {
  const { request, answer } = beginReply(socketPath, path, options);
  request.end(body);
  return (await within("the reply is answered", answer)).status;
}
