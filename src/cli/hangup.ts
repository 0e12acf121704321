/** Whether the process is to outlive its terminal. */

/** True for what `nohup` has started. Only who asks before the first signal is listened to can tell, or an isolate is made. */
export function ignoresHangup(): boolean {
  if (Deno.build.os !== "linux") return false;
  const [, ignored = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ?? [];
  return (parseInt(ignored.slice(-1), 16) & 1) !== 0;
}
