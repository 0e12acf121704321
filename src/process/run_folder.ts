/** A private temporary folder of one run, made when it is first asked for and removed with what holds it. */

import { removeFolder } from "./remove.ts";

/** Gives the path of a folder, the same at each call. */
export function lazyFolder(held: AsyncDisposableStack): () => Promise<string> {
  let made: Promise<string> | undefined;
  return () => {
    return made ??= Deno.makeTempDir({ prefix: "sluice-" }).then((path) => {
      held.defer(() => removeFolder(path)); // the program may have removed it itself
      return path;
    });
  };
}
