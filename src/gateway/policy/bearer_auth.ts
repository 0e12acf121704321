/** Bearer tokens (RFC 6750), in the header alone: one in a URL would get into logs and histories. */

import type { Handler } from "../../http/handler.ts";
import { changedRequest, fieldOfRequest } from "../../http/served_request.ts";
import { KnownTokens } from "../../http/tokens.ts";
import type { AuthConfig } from "../config/model.ts";
import { quoted, refuse } from "./challenge.ts";
import { nameUser } from "./user_of.ts";

/**
 * Lets requests through that bring a token. Its bearer is called by the token's place in the file, `token 1`, because the
 * token itself is told to nobody: the field that holds it ends here.
 *
 * @throws {TypeError} for a token that no header can hold, or a realm that can't be
 */
export function bearerAuth(handler: Handler, config: Extract<AuthConfig, { kind: "bearer" }>): Handler {
  const tokens = config.tokens.map((token) => ({ token, write: true }));
  const known = new KnownTokens(tokens);
  const names = new Map(tokens.map((token, index) => [token, `token ${index + 1}`]));
  const challenge = `Bearer realm=${quoted(config.realm)}`;
  return (request, info) => {
    const given = /^bearer +(\S+)\s*$/i.exec(fieldOfRequest(request, "authorization") ?? "")?.[1];
    if (given === undefined) return refuse("A token is needed: send Authorization: Bearer TOKEN", challenge);
    const found = known.find(given);
    if (!found) return refuse("The token is not one that is known here", `${challenge}, error="invalid_token"`);
    const name = names.get(found)!;
    nameUser(request, name);
    const user = { name, scheme: "Bearer" } as const;
    return handler(changedRequest(request, { without: ["authorization"] }), { ...info, user });
  };
}
