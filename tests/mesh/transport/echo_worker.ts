/** Listens in a process of its own, and sends back what comes; says its address. */

import { listenLinks } from "../../../src/mesh/transport/listen_links.ts";

const { address } = await listenLinks({
  onLink: (link) => link.open({ onBytes: (bytes) => void link.write(bytes), onDrain() {}, onClose() {} }),
});
console.log(address);
