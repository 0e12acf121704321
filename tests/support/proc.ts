/** What Linux tells of one process. */

/** State letter of a process, such as `S`, or `Z` for a zombie; undefined when there is none. */
export function processState(pid: number): string | undefined {
  try {
    return /^State:\s+(\w)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  } catch {
    return undefined; // it is gone, or goes while it is read
  }
}

/** Bytes that a process has written so far. */
export function bytesWritten(pid: number): number {
  return Number(/^wchar: (\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/io`))![1]);
}
