/** Programs of a gateway know who was let in. */

import { deepEqual, equal } from "node:assert/strict";
import { seen } from "../support/ask.ts";
import { QUIET, startGateway } from "../support/gateway.ts";

const TEXT = `${QUIET}
[[routes]]
path = "/basic"
auth = { basic = [{ name = "ada", password = "lovelace" }] }
run = "who.sh"
[[routes]]
path = "/bearer"
auth = { bearer = ["secret-1", "secret-2"] }
run = ["cat.sh", "who.sh"]
[[routes]]
path = "/open"
run = "who.sh"
`;
const WHO = 'echo "${AUTH_TYPE-none} ${REMOTE_USER-none} ${HTTP_REMOTE_USER-none} ${HTTP_AUTHORIZATION-none}"\n';

Deno.test("a program behind auth is told who asks, and of no proof", async () => {
  await using server = await startGateway(TEXT, { files: { "cat.sh": "exec cat\n", "who.sh": WHO } });
  const ask = (path: string, authorization?: string) => {
    const headers = { "remote-user": "root", ...authorization !== undefined && { authorization } };
    return seen(server.url + path, { headers });
  };
  const body = async (path: string, authorization?: string) => (await ask(path, authorization)).body;
  deepEqual(await body("/basic", `Basic ${btoa("ada:lovelace")}`), "Basic ada root none\n");
  deepEqual(await body("/bearer", "Bearer secret-2"), "Bearer token 2 root none\n");
  equal((await ask("/basic", `Basic ${btoa("root:lovelace")}`)).status, 401);
  equal((await body("/open", "Bearer x") as string).split(" ").slice(0, 3).join(" "), "none none root");
});
