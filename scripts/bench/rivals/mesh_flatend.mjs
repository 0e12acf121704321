// A node of npm's flatend, which joins a bridge: node mesh_flatend.mjs HOME PORT caller|provider

import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import process from "node:process";
import { Readable } from "node:stream";
import { CALL_BYTES, callOrders, takeOrders } from "./mesh_orders.mjs";

const [home, port, role] = process.argv.slice(2);
const { Node } = createRequire(`${home}/`)("flatend");
const body = Buffer.alloc(CALL_BYTES, "a");
const services = role === "provider" ? { echo: (context) => context.pipe(context) } : {};
const node = await Node.start({ addrs: [`127.0.0.1:${port}`], services });

await takeOrders(
  null,
  callOrders(async () => {
    const { body: answer } = await node.push(["echo"], {}, Readable.from([body]));
    let bytes = 0;
    for await (const chunk of answer) bytes += chunk.length;
    return bytes;
  }),
);
