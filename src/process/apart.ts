/**
 * Starting a program in a process that has never been ours, so that what the system tells of its memory is its own. A child
 * of posix_spawn(3) has the server's memory until it begins its program, and Linux counts that for it. Here the server
 * starts Perl, a small process, which makes a sibling of itself, a child of the server too (CLONE_PARENT), and ends: the
 * sibling becomes the program. What is less than that one had, 2.5 MiB, can't be told.
 */

import { ProgramError } from "../errors.ts";
import { Descriptors } from "./descriptors.ts";
import { findCommand } from "./find_command.ts";
import type { LaunchSpec } from "./launcher.ts";
import type { Libc } from "./libc.ts";
import { PipeSource } from "./pipe.ts";
import { refuseUnstartable } from "./startable.ts";

/** Numbers of clone(2) and setsid(2). */
const CALLS: Readonly<Partial<Record<typeof Deno.build.arch, readonly [clone: number, setsid: number]>>> = {
  x86_64: [56, 112],
  aarch64: [220, 157],
};

/** CLONE_PARENT and SIGCHLD, as flags of clone(2). */
const SIBLING = 0x8000 | 17;

/**
 * Tells on descriptor 3, which is closed when the program begins, the process id, and why the program could not be begun.
 * PERL_BADLANG is for Perl alone: without it, a locale that is not installed would be complained of in the program's name.
 */
const SCRIPT = `
my ($clone, $setsid, $flags) = map { $_ + 0 } splice @ARGV, 0, 3;
my $pid = syscall $clone, $flags, 0, 0, 0, 0;
exit if $pid > 0;
open my $server, ">&=", 3 or exit;
if ($pid == 0) {
  syscall $setsid;
  delete $ENV{PERL_BADLANG};
  syswrite $server, "$$ ";
  exec { $ARGV[0] } @ARGV;
}
syswrite $server, 0 + $!;
exit 127;
`;

let perl: string | undefined;

/** Path of Perl; undefined where there is none. */
export function findPerl(): string | undefined {
  return perl ??= findCommand("perl");
}

/**
 * Starts a program apart from the server's memory.
 *
 * @param spawn starts what it is given with these descriptors, and gives its process id
 * @param explain says in words what an error of the system means
 * @returns the program's process id; undefined where this can't be done
 * @throws {ProgramError} `start` when the program can't be started
 */
export async function spawnApart(
  libc: Libc,
  spec: LaunchSpec,
  stdio: readonly number[],
  { spawn, explain }: {
    spawn: (spec: LaunchSpec, stdio: readonly number[]) => Promise<number>;
    explain: (errno: number) => string;
  },
): Promise<number | undefined> {
  const [perl, calls] = [findPerl(), CALLS[Deno.build.arch]];
  if (!perl || !calls) return undefined;
  refuseUnstartable(spec.argv[0]); // Perl would hand a text without a first line for it to a shell
  using fds = new Descriptors(libc);
  const report = fds.pipe();
  const argv = [perl, "-e", SCRIPT, "--", ...calls.map(String), String(SIBLING), ...spec.argv] as const;
  const variables = { ...spec.variables, PERL_BADLANG: "0" };
  const helper = await spawn({ ...spec, argv: [...argv], variables }, [...stdio, report.write]);
  libc.close(fds.release(report.write));
  const [pid, errno] = await readNumbers(new PipeSource(libc, fds.release(report.read)));
  reap(libc, helper);
  if (errno === undefined && pid) return pid;
  if (errno !== undefined) reap(libc, pid);
  throw new ProgramError("start", `Cannot start ${spec.argv[0]}: ${explain(errno ?? pid)}`);
}

async function readNumbers(source: PipeSource): Promise<number[]> {
  source.attach();
  let text = "";
  for (let chunk = await source.read(); chunk; chunk = await source.read()) text += new TextDecoder().decode(chunk);
  return text.split(" ").filter((word) => word !== "").map(Number);
}

/** Waits for one that has ended, or is just about to. */
function reap(libc: Libc, pid: number): void {
  libc.wait4(pid, new Int32Array(1), 0, new BigInt64Array(18));
}
