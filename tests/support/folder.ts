/** A temporary folder with files in it, gone at the end of the test. */

import { join } from "node:path";

/** A folder; `await using` removes it. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** Absolute path of a file in it. */
  file(name: string): string;
  /** Names of what lies in it now. */
  names(): string[];
}

/** Makes a folder. Files that begin with `#!` get the execute bit. */
export async function makeFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<Folder> {
  const path = await Deno.makeTempDir({ prefix: "sluice test " });
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(join(path, name), bytes, { mode: bytes[0] === 35 && bytes[1] === 33 ? 0o755 : 0o644 });
  }
  return {
    path,
    file: (name) => join(path, name),
    names: () => [...Deno.readDirSync(path)].map(({ name }) => name),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
