/** The few calls of the C library that Deno has no API for, by FFI: Linux, where `--allow-ffi` is granted. */

const SYMBOLS = {
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  waitid: { parameters: ["i32", "i32", "buffer", "i32"], result: "i32" },
  // The library's waitid does not pass on what the kernel's tells besides: what the child has used.
  syscall_waitid: {
    name: "syscall",
    parameters: ["i64", "i32", "i32", "buffer", "i32", "buffer"],
    result: "i64",
  },
  adjtimex: { parameters: ["buffer"], result: "i32" },
  wait4: { parameters: ["i32", "buffer", "i32", "buffer"], result: "i32" },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addchdir_np: { parameters: ["buffer", "buffer"], result: "i32" },
  // From glibc 2.34 on, and not in musl.
  posix_spawn_file_actions_addclosefrom_np: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  // The call returns when the child has begun its program, a third of a millisecond: made on another thread while there is
  // other work to do, and here, without the cost of changing threads, while there is none.
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  posix_spawn_threaded: {
    name: "posix_spawn",
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
    nonblocking: true,
  },
} as const;

/** The functions, named as in their manual pages. */
export type Libc = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

const FILES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

let opened: Libc | null | undefined;

const RLIMIT_NOFILE = 7;
/** More descriptors than any server here needs: some programs walk through all that they might have. */
const DESCRIPTORS_MAX = 65_536n;

/**
 * Raises the limit of open files as far as we may, up to 65,536. Under a soft limit of 1024 a thousand idle clients are
 * enough to run out, and Deno's server stops accepting for good when that happens.
 *
 * @returns the limit that holds now; undefined where it can't be known
 */
export function raiseDescriptorLimit(): number | undefined {
  const library = libc();
  const limit = new BigUint64Array(2); // struct rlimit: rlim_cur, rlim_max
  if (!library || library.getrlimit(RLIMIT_NOFILE, limit) !== 0) return undefined;
  const wanted = limit[1] < DESCRIPTORS_MAX ? limit[1] : DESCRIPTORS_MAX;
  if (limit[0] < wanted && library.setrlimit(RLIMIT_NOFILE, new BigUint64Array([wanted, limit[1]])) === 0) {
    limit[0] = wanted;
  }
  return limit[0] > DESCRIPTORS_MAX ? Number(DESCRIPTORS_MAX) : Number(limit[0]);
}

/** The C library, opened once; null where it can't be had: no Linux, or no permission for FFI. */
export function libc(): Libc | null {
  return opened ??= open();
}

function open(): Libc | null {
  const known = Deno.build.os === "linux" && (Deno.build.arch === "x86_64" || Deno.build.arch === "aarch64");
  if (!known || Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return null;
  for (const file of FILES) {
    try {
      return Deno.dlopen(file, SYMBOLS).symbols;
    } catch {
      // Another C library's name: try the next.
    }
  }
  return null;
}
