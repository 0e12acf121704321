/** Long streams: one that many follow, and one large upload. */

import { childrenOf, peakRssBytes, run, type Server } from "./processes.ts";
import { sluiceLoom } from "./rivals/stores.ts";
import type { BenchOptions } from "./serve.ts";
import { compile } from "./tools.ts";

/** How appends reached those who follow. */
export interface Following {
  readonly readers: number;
  readonly appendsPerSecond: number;
  readonly delivered: number;
  readonly expected: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** How fast a large body is stored. */
export interface Upload {
  readonly bytes: number;
  readonly bytesPerSecond: number;
  /** What the disk does with the same bytes in a plain file. */
  readonly diskBytesPerSecond: number;
  readonly peakRssBytes: number;
}

const READERS = 1000;
const APPENDS_PER_SECOND = 100;
const MiB = 2 ** 20;

/** Lets many readers follow one stream by server-sent events. */
export async function measureFollowing({ dir, signal, quick }: BenchOptions): Promise<Following> {
  const client = await compile("follow_load", dir, signal);
  const rival = sluiceLoom();
  await using server = await rival.start({ dir, signal });
  await rival.create(server.url, "followed", "begin\n");
  const { port, host } = new URL(server.url);
  const fields = `host: ${host}\r\n`;
  const [append, read] = [`${dir}/append.http`, `${dir}/read.http`];
  const content = "content-type: text/plain\r\ncontent-length: 100\r\n";
  await Deno.writeTextFile(append, `POST /v1/stream/followed HTTP/1.1\r\n${fields}${content}\r\n`);
  await Deno.writeTextFile(read, `GET /v1/stream/followed?offset=now&live=sse HTTP/1.1\r\n${fields}\r\n`);
  const seconds = quick ? 2 : 10;
  const printed = await run(
    [client, port, append, read, String(READERS), String(APPENDS_PER_SECOND), String(seconds)],
    signal,
  );
  const [delivered, expected, p50, p99, longest] = printed.split(" ").map(Number);
  return {
    readers: READERS,
    appendsPerSecond: APPENDS_PER_SECOND,
    delivered,
    expected,
    p50Ms: p50 / 1000,
    p99Ms: p99 / 1000,
    longestMs: longest / 1000,
  };
}

/** Uploads a large body with curl, through the classic API, which stores it while it comes. */
export async function measureUpload({ dir, signal, quick }: BenchOptions): Promise<Upload> {
  const bytes = (quick ? 64 : 1024) * MiB;
  const source = `${dir}/upload`;
  const diskBytesPerSecond = await measureDisk(source, bytes, signal);
  await using server = await sluiceLoom().start({ dir, signal });
  const args = [
    "-sS",
    "-o",
    "/dev/null",
    "-w",
    "%{http_code} %{time_total}",
    "-H",
    "Expect:",
    "-X",
    "POST",
    "-T",
    source,
  ];
  const [status, seconds] = (await run(["curl", ...args, new URL("/stream/upload", server.url).href], signal)).split(
    " ",
  );
  const head = await fetch(new URL("/stream/upload", server.url), { method: "HEAD" });
  if (status !== "201" || head.headers.get("content-length") !== String(bytes)) {
    throw new Error(`The upload was not stored: ${status}, ${head.headers.get("content-length")} bytes`);
  }
  return { bytes, bytesPerSecond: bytes / Number(seconds), diskBytesPerSecond, peakRssBytes: await peakRss(server) };
}

/** Writes a file of random bytes, and tells how fast the disk takes one like it. */
async function measureDisk(path: string, bytes: number, signal: AbortSignal): Promise<number> {
  const blocks = ["bs=1M", `count=${bytes / MiB}`, "status=none"];
  await run(["dd", "if=/dev/urandom", `of=${path}`, ...blocks], signal);
  const began = performance.now();
  await run(["dd", `if=${path}`, `of=${path}.copy`, ...blocks, "conv=fdatasync"], signal);
  const seconds = (performance.now() - began) / 1000;
  await Deno.remove(`${path}.copy`);
  return bytes / seconds;
}

/** That of the largest of the server's processes: the others only wait for it. */
async function peakRss({ pids }: Server): Promise<number> {
  const all = [...pids, ...(await Promise.all(pids.map(childrenOf))).flat()];
  return Math.max(...await Promise.all(all.map((pid) => peakRssBytes([pid]))));
}
