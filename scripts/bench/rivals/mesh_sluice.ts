/** A node of ours under load: `mesh_sluice.ts OPTIONS`, as JSON. */

import process from "node:process";
import type { Handler } from "../../../src/http/handler.ts";
import { serveHttp } from "../../../src/http/node_server.ts";
import { startNode } from "../../../src/mesh/start_node.ts";
import { CALL_BYTES, callOrders, PIECE_BYTES, takeOrders } from "./mesh_orders.mjs";

/** What it is to be. */
export interface SluiceRole {
  readonly listen?: string;
  readonly join?: string;
  readonly flatend?: string;
  /** It offers `echo`, `source` and `sink`. */
  readonly offers?: boolean;
  /** It serves `echo` by HTTP. */
  readonly http?: boolean;
}

/** Where it is reached. */
export interface SluicePlace {
  readonly address: string;
  readonly flatendPort: number;
  readonly httpPort: number;
}

const PIECE = new Uint8Array(PIECE_BYTES).fill(0x61);

let delayMs = 0;
let answered = 0;

const echo: Handler = async (request) => {
  answered++;
  const body = await request.bytes();
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  return new Response(body);
};

const source: Handler = (request) => new Response(bodyOf(Number(new URL(request.url).pathname.slice(1))));

const sink: Handler = async ({ body }) => new Response(String(await lengthOf(body!)));

function bodyOf(bytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(PIECE.subarray(0, left));
      left -= PIECE_BYTES;
      if (left <= 0) controller.close();
    },
  });
}

async function lengthOf(body: ReadableStream<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.byteLength;
  return bytes;
}

const { offers, http, ...options }: SluiceRole = JSON.parse(process.argv[2]);
const services: Record<string, Handler> = offers
  ? { "echo@1.0.0": echo, "source@1.0.0": source, "sink@1.0.0": sink }
  : {};
const node = await startNode({ ...options, services });
const call = new Uint8Array(CALL_BYTES).fill(0x61);

async function callEcho(): Promise<number> {
  const response = await node.fetch("echo", new Request("http://echo/", { method: "POST", body: call }));
  return (await response.bytes()).length;
}

async function download(bytes: number): Promise<number> {
  const response = await node.fetch("source@^1", new Request(`http://source/${bytes}`));
  return await lengthOf(response.body!);
}

async function upload(bytes: number): Promise<number> {
  const init = { method: "POST", body: bodyOf(bytes), duplex: "half" };
  return Number(await (await node.fetch("sink@^1", new Request("http://sink/", init))).text());
}

/** @returns milliseconds */
async function timed(streams: number, bytes: number, move: (bytes: number) => Promise<number>): Promise<number> {
  const began = performance.now();
  const come = await Promise.all(Array.from({ length: streams }, () => move(bytes / streams)));
  const sum = come.reduce((a, b) => a + b);
  if (sum !== bytes) throw new Error(`${sum} bytes came, not ${bytes}`);
  return performance.now() - began;
}

const server = http ? await serveHttp(echo, { port: 0 }) : undefined;
const place: Partial<SluicePlace> = {
  ...{ address: node.addresses[0], flatendPort: node.flatendPort, httpPort: server?.port },
};
await takeOrders(place, {
  ...callOrders(callEcho),
  download: (bytes: number, streams: number) => timed(streams, bytes, download),
  upload: (bytes: number, streams: number) => timed(streams, bytes, upload),
  providers: async () => (await node.providersFor("echo")).length,
  delay: (ms: number) => void (delayMs = ms),
  /** Calls since it was asked last. */
  answered: () => {
    const count = answered;
    answered = 0;
    return count;
  },
  collect: () => (globalThis as { gc?: () => void }).gc?.(),
});
