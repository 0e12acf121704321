/** Describes the machine, so that the numbers can be judged. */

/** The machine as Markdown list items. */
export async function describeMachine(): Promise<string> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  const osRelease = await Deno.readTextFile("/etc/os-release");
  const [oneMinute] = Deno.loadavg();
  const facts = {
    CPU: `${/^model name\s*: (.*)$/m.exec(cpuinfo)?.[1] ?? Deno.build.arch}, ${navigator.hardwareConcurrency} cores`,
    Memory: `${(Deno.systemMemoryInfo().total / 2 ** 30).toFixed(1)} GiB`,
    Kernel: `Linux ${Deno.osRelease()}`,
    OS: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? "unknown",
    Deno: Deno.version.deno,
    Date: new Date().toISOString().slice(0, 10),
    "Load before the run": `${oneMinute.toFixed(2)} (one minute's average)`,
  };
  return Object.entries(facts).map(([name, value]) => `- ${name}: ${value}`).join("\n");
}
