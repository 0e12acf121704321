// A client of etcd under load, by gRPC over a connection of its own: node etcd_client.mjs JOB URL ARGS HOME

import { createRequire } from "node:module";
import { doJob } from "./registry_jobs.mjs";

/** What etcd has for the end of a client: how long it may be silent, seconds. */
const LEASE_SECONDS = 5;
const ALL = "services/";

await doJob((url, args) => {
  const { Etcd3 } = createRequire(`${args.at(-1)}/`)("etcd3");
  return async ({ follow }) => {
    const client = new Etcd3({ hosts: new URL(url).host, grpcOptions: { "grpc.use_local_subchannel_pool": 1 } });
    const lease = follow ? undefined : client.lease(LEASE_SECONDS);
    await lease?.grant();
    let watching;
    let rows;
    return {
      synced: async () => {
        await watching;
        rows = Object.entries(await client.getAll().prefix(ALL).strings());
      },
      register: (row) => lease.put(keyOf(row)).value(JSON.stringify(row)),
      watch: (onSeen, onGone) => {
        watching = client.watch().prefix(ALL).create().then((watcher) => {
          watcher.on("put", ({ key }) => onSeen(idOf(key)));
          watcher.on("delete", ({ key }) => onGone(idOf(key)));
        });
      },
      query: (pattern) => rows.filter(([key]) => key.startsWith(ALL + pattern.slice(0, -1))),
      close: () => client.close(),
    };
  };
});

function keyOf({ role, version, id }) {
  return `${ALL}${role}@${version}/${id}`;
}

function idOf(key) {
  return key.toString().split("/").at(-1);
}
