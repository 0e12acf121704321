/** Why an address can't be had, in words, and what can be done about it. */

/** @param error what listening on it has thrown */
export function whyNotListening(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "the port is taken: end what listens there, or choose another one";
  const code = (error as { code?: string }).code;
  if (code === "EACCES") return "ports below 1024 need a permission: see `sluice doctor`";
  if (code === "EADDRNOTAVAIL" || code === "EINVAL") return "this machine has no such address";
  return (error as { message?: string }).message ?? String(error);
}
