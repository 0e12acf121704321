/** Measures streaming with small clients in C: how much goes through both ways at once, and how soon the first byte comes. */

import { run } from "./processes.ts";
import { median } from "./table.ts";

/** A client of `c/`, compiled, and the server's URL. */
export interface StreamOptions {
  client: string;
  url: string;
  signal: AbortSignal;
}

const STALL_SECONDS_MAX = 3;
/** `tick` sleeps for 300 ms: a first line that comes this late came with the second. */
const HELD_BACK_MS_MIN = 250;

/** Posts bytes and reads them back at the same time; throws unless each came back. In bytes per second, one way. */
export async function measureThroughput(bytes: number, { client, url, signal }: StreamOptions): Promise<number> {
  const { port, pathname } = new URL(url);
  const report = await run([client, port, pathname, String(bytes), String(STALL_SECONDS_MAX)], signal);
  return bytes / JSON.parse(report).seconds;
}

/** How long after the program wrote its first line it arrived. */
export interface FirstByte {
  medianMs: number;
  /** Whether it came only with the program's end. */
  heldBack: boolean;
}

export async function measureFirstByte(samples: number, { client, url, signal }: StreamOptions): Promise<FirstByte> {
  const { port, pathname } = new URL(url);
  const delays: [number, number][] = JSON.parse(await run([client, port, pathname, String(samples)], signal));
  const medianMs = median(delays.map(([firstNs]) => firstNs)) / 1e6;
  return { medianMs, heldBack: medianMs >= HELD_BACK_MS_MIN };
}
