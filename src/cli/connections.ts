/** How many clients a server may have at a time. */

import { raiseDescriptorLimit } from "../process/libc.ts";

/** Half of the descriptors, raised as far as we may: the other half is for what is done for clients. */
export function connectionsAllowed(): number | undefined {
  const descriptors = raiseDescriptorLimit();
  return descriptors && Math.max(1, Math.floor(descriptors / 2));
}
