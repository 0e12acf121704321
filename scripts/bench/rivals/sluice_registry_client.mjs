// A client of Sluice's registry under load: deno run -A sluice_registry_client.mjs JOB URL ARGS [KEY]

import { readKeyFile } from "../../../src/net/key_file.ts";
import { connectRegistry } from "../../../src/registry/connect_registry.ts";
import { doJob } from "./registry_jobs.mjs";

await doJob((url, args) => {
  const file = args.find((arg) => arg.endsWith(".pem"));
  const key = file && readKeyFile(file).pair;
  return async ({ follow }) => {
    const client = connectRegistry(url, { follow, ...key ? { key } : {} });
    if (!follow) await new Promise((resolve) => client.addEventListener("connect", resolve, { once: true }));
    return {
      synced: () => client.synced(),
      register: ({ role, version, ...row }) => client.register(`${role}@${version}`, row),
      watch: (onSeen, onGone) => {
        client.addEventListener("register", ({ detail }) => onSeen(detail.id));
        client.addEventListener("free", ({ detail }) => onGone(detail.id));
      },
      query: (pattern) => client.query(pattern),
      close: () => client.close(),
    };
  };
});
