/** What the kernel tells of processes, from /proc. */

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
