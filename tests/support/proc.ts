/** What Linux tells of processes. */

/** State letter of a process, such as `S` or `Z`; undefined when there is none. */
export function processState(pid: number): string | undefined {
  return status(pid)?.match(/^State:\s+(\w)/m)?.[1];
}

/** True while a process runs; a zombie has ended. */
export function isRunning(pid: number): boolean {
  const state = processState(pid);
  return state !== undefined && state !== "Z";
}

/** Bytes that a process has written so far. */
export function bytesWritten(pid: number): number {
  return Number(/^wchar: (\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/io`))![1]);
}

/** How many file descriptors we hold. */
export function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

function status(pid: number): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/status`);
  } catch {
    return undefined; // it is gone, or goes while it is read
  }
}
