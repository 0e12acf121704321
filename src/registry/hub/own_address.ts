/** Where a hub is reached, as far as it can tell by itself. */

/** Addresses of the machine itself, which mean another one to everybody else. */
export function isLoopback(address: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(address);
}

/**
 * The host under which others reach what listens on an address.
 *
 * @returns undefined where nobody else does
 */
export function outsideHost(hostname: string): string | undefined {
  if (isLoopback(hostname)) return undefined;
  if (hostname !== "0.0.0.0" && hostname !== "::") return hostname;
  const outside = Deno.networkInterfaces().filter(({ address, scopeid }) => !isLoopback(address) && !scopeid);
  return (outside.find(({ family }) => family === "IPv4") ?? outside[0])?.address;
}
