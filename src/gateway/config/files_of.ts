/** The files that a gateway reads when it reads its own. */

import type { GatewayConfig } from "./model.ts";

/** Their paths: the file itself, OpenAPI documents, certificates. */
export function filesOf(path: string, { servers }: GatewayConfig): readonly string[] {
  const others = servers.flatMap(({ openapi, tls }) => [
    ...openapi ? [openapi.document] : [],
    ...tls?.kind === "files" ? [tls.cert, tls.key] : [],
  ]);
  return [path, ...others];
}
