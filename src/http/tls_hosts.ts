/** Which certificate a client gets, decided when its hello has come: the listening socket knows of none. */

import { createSecureContext, type SecureContext } from "node:tls";
import { checkTlsPair, type TlsHosts, type TlsPair } from "./tls.ts";

/** What node:tls asks at a handshake. */
export interface HandshakeOptions {
  readonly SNICallback: (
    serverName: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ) => void;
  readonly ALPNCallback: (hello: { readonly protocols: readonly string[] }) => string | undefined;
}

/** Options for node:tls. What these throw would end the process: whatever fails is the end of one handshake. */
export function handshakeOptions(hosts: TlsHosts): HandshakeOptions {
  const none = createSecureContext({}); // with it the handshake fails, in words that the client knows
  return {
    SNICallback: (serverName, done) => {
      done(null, contextFor(() => hosts.pairFor(serverName.toLowerCase() || undefined)) ?? none);
    },
    ALPNCallback: ({ protocols }) => protocols.includes("http/1.1") ? "http/1.1" : undefined,
  };
}

/** What was made of pairs, undefined of those that can't be used: to read a key costs more than the rest of a handshake. */
const contexts = new WeakMap<TlsPair, SecureContext | undefined>();

function contextFor(find: () => TlsPair | undefined): SecureContext | undefined {
  try {
    const pair = find();
    if (!pair) return undefined;
    if (!contexts.has(pair)) contexts.set(pair, contextOf(pair));
    return contexts.get(pair);
  } catch {
    return undefined; // nobody waits for this error but a client, who is told that there is no certificate
  }
}

/** With a key that can't be used, a handshake would hang: it is looked over, even if its owner has done so. */
function contextOf(pair: TlsPair): SecureContext | undefined {
  try {
    checkTlsPair(pair);
    return createSecureContext({ cert: pair.cert, key: pair.key });
  } catch {
    return undefined; // as above
  }
}
