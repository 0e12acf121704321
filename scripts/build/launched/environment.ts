/** Variables that the launcher sets for Deno alone. */
const CHANGED = ["HOME", "DENO_DIR", "DENO_NO_UPDATE_CHECK"];

/**
 * Puts back the variables that the launcher has set, so that the command line and what it starts see the user's own. Where
 * the launcher has left no word there is nothing to put back.
 */
export function restoreEnvironment(env: Pick<typeof Deno.env, "get" | "set" | "delete">): void {
  if (env.get("SLUICE_LAUNCHER") === undefined) return; // another isolate of this process has done it
  env.delete("SLUICE_LAUNCHER");
  for (const name of CHANGED) {
    const own = env.get(`SLUICE_LAUNCHER_${name}`);
    env.delete(`SLUICE_LAUNCHER_${name}`);
    if (own === undefined) env.delete(name);
    else env.set(name, own);
  }
}
