/** What the kernel tells of processes, from /proc. */

import { until } from "./within.ts";

/** True while a process runs; a zombie has ended. */
export function isRunning(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The name stands in parentheses and may hold anything; the state follows.
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false; // it is gone
  }
}

/** The largest resident memory that a process has had, bytes. */
export function peakBytes(pid: number): number {
  return 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]);
}

/** What the open descriptors of a process lead to. */
export function descriptors(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`${folder}/${name}`)];
    } catch {
      return []; // closed while we looked
    }
  });
}

/** How many descriptors a process holds once the connections of earlier requests are closed. */
export async function settledDescriptors(pid: number): Promise<number> {
  let last = -1;
  await until("the descriptors settle", async () => {
    const now = descriptors(pid).length;
    const same = now === last;
    last = now;
    if (!same) await new Promise((resolve) => setTimeout(resolve, 100));
    return same;
  });
  return last;
}

/** Process ids of a process's children. */
export function childrenOf(pid: number): number[] {
  const text = [...Deno.readDirSync(`/proc/${pid}/task`)]
    .map(({ name }) => Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`)).join(" ");
  return text.split(" ").filter((child) => child !== "").map(Number);
}
