// The server of npm's @durable-streams/server with files: node durable_streams_server.mjs HOME DATA

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [home, dataDir] = process.argv.slice(2);
const path = createRequire(`${home}/`).resolve("@durable-streams/server");
const { DurableStreamTestServer } = await import(pathToFileURL(path));
const server = new DurableStreamTestServer({ port: 0, host: "127.0.0.1", dataDir });
console.log(`listening on ${await server.start()} `);
