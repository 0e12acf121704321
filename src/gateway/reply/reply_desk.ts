/** Where programs reply: the table of those who wait, and the socket that serves it. */

import { type HttpServer, serveHttp } from "../../http/node_server.ts";
import { limits } from "../../limits.ts";
import type { ReplyConfig } from "../config/model.ts";
import { PendingReplies } from "./pending_replies.ts";
import type { ReplyWaiter } from "./reply.ts";
import { replyHandler } from "./reply_server.ts";
import { prepareSocketFolder } from "./reply_socket.ts";

/** A socket that takes replies, until it is disposed. */
export class ReplyDesk implements AsyncDisposable {
  readonly replies: PendingReplies<ReplyWaiter>;
  /** Path of the socket. */
  readonly path: string;
  readonly #server: HttpServer;

  private constructor(replies: PendingReplies<ReplyWaiter>, path: string, server: HttpServer) {
    this.replies = replies;
    this.path = path;
    this.#server = server;
  }

  /**
   * Begins to listen.
   *
   * @throws {Deno.errors.AddrInUse} another gateway listens there
   */
  static async open({ socket: { path }, secret }: ReplyConfig): Promise<ReplyDesk> {
    const replies = new PendingReplies<ReplyWaiter>({ secret });
    prepareSocketFolder(path);
    // A reply may come as slowly as it is made: the route that waits for it has the clocks.
    const server = await serveHttp(replyHandler(replies), { path, requestBodyIdleMs: limits.timerMs });
    return new ReplyDesk(replies, path, server);
  }

  /** Stops listening. To be called when nobody waits for a reply any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close(0);
  }
}
