/** The systems that an executable can be built for, by the names that `deno compile` has for them. */

/** A system. */
export interface Target {
  readonly name: string;
  /** What `uname -sm` says there; undefined where no POSIX shell is to be expected. */
  readonly system?: string;
  /** The npm package that carries Deno for it. */
  readonly denoPackage: string;
}

const TARGETS: readonly Target[] = [
  { name: "x86_64-unknown-linux-gnu", system: "Linux x86_64", denoPackage: "@deno/linux-x64-glibc" },
  { name: "aarch64-unknown-linux-gnu", system: "Linux aarch64", denoPackage: "@deno/linux-arm64-glibc" },
  { name: "x86_64-apple-darwin", system: "Darwin x86_64", denoPackage: "@deno/darwin-x64" },
  { name: "aarch64-apple-darwin", system: "Darwin arm64", denoPackage: "@deno/darwin-arm64" },
  { name: "x86_64-pc-windows-msvc", denoPackage: "@deno/win32-x64" },
];

/** Their names. */
export const targetNames: readonly string[] = TARGETS.map(({ name }) => name);

/**
 * The target of a name.
 *
 * @throws {TypeError} when there is none
 */
export function targetNamed(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found) return found;
  throw new TypeError(`Cannot build for ${name}: no such target is known; known are ${targetNames.join(", ")}`);
}
