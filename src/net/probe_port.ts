/** Whether something listens on a port of this machine: by listening there for a moment. On Deno and on Node.js. */

import { createServer } from "node:net";

/** True when nothing does, on any address. */
export async function isFree(port: number): Promise<boolean> {
  // An IPv6 socket would not meet all that listens on IPv4, on systems that keep the two apart.
  return await canListen("0.0.0.0", port) && await canListen("::", port);
}

/** Deno closes a server of node:net 2 ms later; its own at once. */
const canListen = "Deno" in globalThis ? canListenOnDeno : canListenOnNode;

function canListenOnDeno(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    // A port below 1024 that we may not have is as good as taken.
    if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) return false;
    if (error instanceof Deno.errors.NotCapable || hostname !== "::") throw error;
    return true; // there is no IPv6 here on which it could be taken
  }
}

function canListenOnNode(host: string, port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", (error: Error & { readonly code?: string }) => {
    if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
    else if (host === "::") resolve(true);
    else reject(error);
  });
  // Workers of a cluster would be given one socket together.
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}
