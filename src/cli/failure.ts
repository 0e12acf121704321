/** A failure as one line for people: what can't be done, why, and one thing to do. */

import { whyNotListening } from "../net/listen_failure.ts";
import { urlHost } from "../net/url_host.ts";

/** What the system says in codes (errno(3)), and what can be done about it. */
const REASONS: Readonly<Record<string, readonly [why: string, mend: string]>> = {
  ENOENT: ["it is not there", "look at the name"],
  EACCES: ["you may not", "look at its owner and mode with `ls -ld`"],
  EPERM: ["you may not", "look at its owner and mode with `ls -ld`"],
  EISDIR: ["it is a folder", "name a file"],
  ENOTDIR: ["a part of the path is no folder", "look at the name"],
  EROFS: ["its file system can only be read", "name another place"],
  ENOSPC: ["the disk is full", "make room, or name another place"],
};

/** What a call of the system is for. */
const VERBS: Readonly<Record<string, string>> = { open: "open", mkdir: "make", scandir: "read", unlink: "remove" };

/** What the system tells of a call that has failed. */
interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  /** What a file is called. */
  readonly path?: string;
  /** Where a server was to listen. */
  readonly address?: string;
  readonly port?: number;
}

/** The message of an error; of one that comes from the system, in words. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, path, address, port } = systemError(error) ?? {};
  if (syscall === "listen" && address !== undefined) {
    return `Cannot listen on ${urlHost(address)}:${port}: ${whyNotListening({ code, message: error.message })}`;
  }
  if (error instanceof Deno.errors.AddrInUse && / is taken$/.test(error.message)) {
    return `${error.message}: end what listens there, or choose another one`;
  }
  const reason = REASONS[code ?? ""];
  if (!reason || path === undefined) return error.message;
  return `Cannot ${VERBS[syscall ?? ""] ?? "use"} ${path}: ${reason[0]}; ${reason[1]}`;
}

/** The error itself, or what it repeats in the system's words. */
function systemError(error: SystemError): SystemError | undefined {
  if (error.syscall !== undefined) return error;
  const cause = error.cause as SystemError | undefined;
  return cause?.syscall !== undefined && cause.message === error.message ? cause : undefined;
}

/**
 * What commander says of wrong usage, as one line with one suggestion.
 *
 * @param text such as "error: unknown option '--prot'\n(Did you mean --port?)\n"
 * @param command the words that call it
 */
export function usageLine(text: string, command: string): string {
  const [, message, near] = /^(?:error: )?([^]*?)(?:\n\(Did you mean ([^]*)\?\))?\n*$/.exec(text)!;
  const suggestion = near === undefined ? `see \`${command} --help\`` : `did you mean ${near}?`;
  // What is told of a value says already what it has to be.
  return `sluice: ${message}${/ is invalid(?: for argument '[^']*')?\. /.test(message) ? "" : `; ${suggestion}`}\n`;
}
