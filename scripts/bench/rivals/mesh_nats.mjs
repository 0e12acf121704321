// A client of NATS with npm's nats: node mesh_nats.mjs HOME PORT requester|responder

import { createRequire } from "node:module";
import process from "node:process";
import { CALL_BYTES, callOrders, takeOrders } from "./mesh_orders.mjs";

const [home, port, role] = process.argv.slice(2);
const { connect } = createRequire(`${home}/`)("nats");
const client = await connect({ servers: `127.0.0.1:${port}` });
const body = new Uint8Array(CALL_BYTES).fill(0x61);
const TIMEOUT = { timeout: 10_000 };

if (role === "responder") {
  client.subscribe("echo", { callback: (_, message) => message.respond(message.data) });
  await client.flush(); // the server knows of it
  await takeOrders(null, {});
} else {
  await takeOrders(null, callOrders(async () => (await client.request("echo", body, TIMEOUT)).data.length));
}
