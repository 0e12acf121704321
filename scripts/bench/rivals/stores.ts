/** Servers that keep streams: ours and its rivals, each with one stream to append to. */

import { accepting, freePort, run, saysWhere, startServer } from "../processes.ts";
import type { RivalContext, Server } from "./rival.ts";

/** What the load is to send, as `c/append_load.c` takes it. */
export interface Wire {
  readonly kind: "http" | "resp" | "nats" | "fixed";
  /** One whole request. */
  readonly request: string;
}

/** A server that keeps streams. */
export interface StoreRival {
  readonly name: string;
  /** Starts it, with nothing in it. */
  start(context: RivalContext): Promise<Server>;
  /** Makes a stream with these bytes in it. */
  create(url: string, id: string, bytes: string): Promise<void>;
  /** Appends bytes. */
  append(url: string, id: string, bytes: string): Wire;
  /** Reads what the stream was made with; undefined where there is nothing to compare. */
  read?(url: string, id: string): Wire;
}

const ROOT = new URL("../../../", import.meta.url).pathname;
const REFERENCE_VERSION = "0.3.7";

function http(method: string, url: string, path: string, body?: string): Wire {
  const fields = body === undefined ? "" : `content-type: text/plain\r\ncontent-length: ${body.length}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n${fields}\r\n`;
  return { kind: "http", request: head + (body ?? "") };
}

/** Streams by the Durable Streams protocol. */
function durable(name: string, start: StoreRival["start"]): StoreRival {
  return {
    name,
    start,
    create: async (url, id, body) => {
      const headers = { "content-type": "text/plain" };
      const response = await fetch(new URL(`/v1/stream/${id}`, url), { method: "PUT", headers, body });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`Cannot create a stream: ${response.status}`);
    },
    append: (url, id, bytes) => http("POST", url, `/v1/stream/${id}`, bytes),
    read: (url, id) => http("GET", url, `/v1/stream/${id}?offset=-1`),
  };
}

/** Sluice, as its users start it. */
export function sluiceLoom(name = "Sluice", flags: readonly string[] = []): StoreRival {
  return durable(name, async ({ dir, signal }) => {
    const data = await Deno.makeTempDir({ dir });
    const args = ["run", "-A", "cli.ts", "loom", "-p", "0", "--log", "none", "--data", data, ...flags];
    return startServer([Deno.execPath(), ...args], { dir, ready: saysWhere, signal, cwd: ROOT });
  });
}

/** The protocol's own server, with files. */
export function reference(home: string): StoreRival {
  return durable("@durable-streams/server", async ({ dir, signal }) => {
    const script = new URL("./durable_streams_server.mjs", import.meta.url).pathname;
    const data = await Deno.makeTempDir({ dir });
    return startServer(["node", script, home, data], { dir, ready: saysWhere, signal });
  });
}

/** Installs the protocol's own server and returns the folder it lies in. */
export async function installReference({ dir, signal }: RivalContext): Promise<string> {
  const home = await Deno.makeTempDir({ dir });
  const packages = { private: true, dependencies: { "@durable-streams/server": REFERENCE_VERSION } };
  await Deno.writeTextFile(`${home}/package.json`, JSON.stringify(packages));
  await run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", home], signal);
  return home;
}

function resp(...words: string[]): string {
  return `*${words.length}\r\n` + words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
}

/** Streams of Redis, each entry with one field. */
export function redis(appendfsync: "always" | "everysec"): StoreRival {
  return {
    name: `Redis, appendfsync ${appendfsync}`,
    start: async ({ dir, signal }) => {
      const [data, port] = [await Deno.makeTempDir({ dir }), freePort()];
      const sync = ["--appendonly", "yes", "--appendfsync", appendfsync, "--save", ""];
      const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", data, ...sync];
      return startServer(["redis-server", ...args], { dir, ready: accepting(port), signal });
    },
    create: async (url, id, bytes) => {
      const answer = await exchange(url, resp("XADD", id, "1-1", "d", bytes));
      if (!answer.startsWith("$")) throw new Error(`Cannot create a stream: ${answer}`);
    },
    append: (_, id, bytes) => ({ kind: "resp", request: resp("XADD", id, "*", "d", bytes) }),
    read: (_, id) => ({ kind: "fixed", request: resp("XRANGE", id, "1-1", "1-1") }),
  };
}

/** Streams of NATS, each append acknowledged. */
export const jetStream: StoreRival = {
  name: "NATS JetStream",
  start: async ({ dir, signal }) => {
    const [data, port] = [await Deno.makeTempDir({ dir }), freePort()];
    const args = ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", data];
    return startServer(["nats-server", ...args], { dir, ready: accepting(port), signal });
  },
  create: async (url, id) => {
    const config = JSON.stringify({ name: id, subjects: [id], storage: "file" });
    const create = `PUB $JS.API.STREAM.CREATE.${id} _INBOX.create ${config.length}\r\n${config}\r\n`;
    const answer = await exchange(url, `CONNECT {"verbose":false}\r\nSUB _INBOX.create 1\r\n${create}`, "MSG ");
    if (answer.includes(`"error"`)) throw new Error(`Cannot create a stream: ${answer}`);
  },
  append: (_, id, bytes) => ({ kind: "nats", request: `PUB ${id} _INBOX ${bytes.length}\r\n${bytes}\r\n` }),
};

/** Sends something over a connection of its own, and gives what comes back, up to what is waited for. */
async function exchange(url: string, request: string, wanted = ""): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  await connection.write(new TextEncoder().encode(request));
  let answer = "";
  const buffer = new Uint8Array(65536);
  while (!answer.includes(wanted) || answer === "") {
    const count = await connection.read(buffer);
    if (count === null) break;
    answer += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return answer;
}
