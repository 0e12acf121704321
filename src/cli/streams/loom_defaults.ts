/** What `sluice loom` and its files have in common. */

/** The port that clients expect. */
export const LOOM_PORT = 3060;

/** How appended bytes come to the disk. */
export const SYNC = ["always", "group", "none"] as const;
