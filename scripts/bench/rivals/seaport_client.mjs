// A client of npm's seaport under load: node seaport_client.mjs JOB URL ARGS HOME

import { createRequire } from "node:module";
import { doJob } from "./registry_jobs.mjs";

await doJob((url, args) => {
  const seaport = createRequire(`${args.at(-1)}/`)("seaport");
  const open = () => {
    const client = seaport.connect(Number(new URL(url).port), "127.0.0.1");
    client.setMaxListeners(0);
    return { client, synced: new Promise((resolve) => client.once("synced", resolve)) };
  };
  // Nothing is acknowledged: a service is there when another client sees it.
  const wanted = new Map();
  let witness;
  const see = async () => {
    const { client, synced } = open();
    client.on("register", ({ id }) => wanted.get(id)?.());
    await synced;
  };
  return async ({ follow }) => {
    if (!follow) await (witness ??= see());
    const { client, synced } = open();
    if (!follow) await synced;
    return {
      synced: () => synced,
      register: ({ role, version, ...row }) => {
        const seen = new Promise((resolve) => wanted.set(row.id, resolve));
        client.register(`${role}@${version}`, row);
        return seen;
      },
      watch: (onSeen, onGone) => {
        client.on("register", ({ id }) => onSeen(id));
        client.on("free", ({ id }) => onGone(id));
      },
      query: (pattern) => client.query(pattern),
      close: () => client.close(),
    };
  };
});
