/** Whether the process is to outlive its terminal. */

import { readFileSync } from "node:fs";

/** True for what `nohup` has started. Only who asks before the first signal is listened to can tell, or an isolate is made. */
export function ignoresHangup(): boolean {
  if (Deno.build.os !== "linux") return false;
  const [, ignored = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
  return (parseInt(ignored.slice(-1), 16) & 1) !== 0;
}
