// A hub of npm's seaport: node seaport_hub.mjs HOME

import { createRequire } from "node:module";

const [home] = process.argv.slice(2);
const seaport = createRequire(`${home}/`)("seaport");
const hub = seaport.createServer();
hub.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${hub.address().port} `));
