/** Every bound of the gateway in one place, each with its unit and its reason. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const gatewayLimits = {
  /** The file of routes: a larger one was not written by hand, and is parsed while clients wait. */
  configBytes: 16 * MiB,
} as const;
