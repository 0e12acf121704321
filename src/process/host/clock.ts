/** Whether the time can be relied on: certificates, tokens and what expires depend on it. */

import { libc } from "../libc.ts";
import { bad, type Finding, type HostCheck, type HostPlace, ok, warn } from "./fact.ts";
import { hostLimits } from "./host_limits.ts";

/** struct timex is shorter on all systems; a mode of 0 only asks (adjtimex(2)). */
const TIMEX_BYTES = 256;
/** What it answers where nothing keeps the clock right. */
const TIME_ERROR = 5;

/** The check. */
export const clock: readonly HostCheck[] = [{ name: "clock", look: time }];

function time({ began }: HostPlace): Finding {
  const now = new Date();
  const step = now.getTime() - began.wall - (performance.now() - began.monotonic);
  const found = `${now.toISOString().slice(0, 19)}Z`;
  const mend = "timedatectl set-ntp true";
  if (now.getTime() < hostLimits.clockLeastMs) return bad(`${found} is in the past: no certificate is valid`, mend);
  if (Math.abs(step) > hostLimits.clockStepMs) {
    return warn(`${found}, and it was set by ${Math.round(step)} ms while we looked`, "slew the clock, do not step it");
  }
  const synchronised = isSynchronised();
  if (synchronised === undefined) return ok(`${found}; whether it is kept right is not known`);
  return synchronised
    ? ok(`${found}, and kept right`)
    : warn(`${found}; the kernel knows of nothing that keeps it right`, mend);
}

/** Asks the kernel; undefined where it does not tell. */
function isSynchronised(): boolean | undefined {
  const state = libc()?.adjtimex(new Uint8Array(TIMEX_BYTES)) ?? -1;
  return state < 0 ? undefined : state !== TIME_ERROR;
}
