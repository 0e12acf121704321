/** How many clients a server may have at a time. */

import { raiseDescriptorLimit } from "../process/libc.ts";

/**
 * Half of the descriptors, raised as far as we may: the other half is for what is done for clients, such as the pipes of
 * their programs.
 *
 * @param share one of how many servers that share them
 */
export function connectionsAllowed(share = 1): number | undefined {
  const descriptors = raiseDescriptorLimit();
  return descriptors && Math.max(1, Math.floor(descriptors / 2 / share));
}
