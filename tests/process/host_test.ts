/** What is judged of a host, where it needs no host. */

import { deepEqual, equal, match } from "node:assert/strict";
import { describeHost } from "../../src/process/host.ts";
import { judge } from "../../src/process/host/disk.ts";
import { mountOf } from "../../src/process/host/mounts.ts";
import { libc } from "../../src/process/libc.ts";
import { makeFolder } from "../support/folder.ts";

// It stays open as long as the process lives: opened here, no test is taken to have leaked it.
libc();

const good = { place: "/data", type: "ext4", free: 50e9, rate: 800 };

Deno.test("a disk is judged by what it is, what is free, and how often it syncs", () => {
  deepEqual(judge(good), { verdict: "ok", found: "/data: ext4, 50.0 GB free, 800 syncs a second" });
  const verdicts: [Partial<typeof good>, verdict: string, why: RegExp][] = [
    [{ type: "tmpfs" }, "warn", /gone with the next restart/],
    [{ type: "overlay" }, "warn", /gone with the container/],
    [{ type: "nfs4" }, "warn", /not to be relied on/],
    [{ type: "fuse.sshfs" }, "warn", /not to be relied on/],
    [{ rate: 12 }, "warn", /appends wait long/],
    [{ rate: 0 }, "bad", /did not answer/],
    [{ free: 5e8 }, "warn", /bound the streams/],
    [{ free: 1e6 }, "bad", /it is full/],
    [{ free: 1e6, type: "tmpfs" }, "bad", /it is full/],
  ];
  for (const [figures, verdict, why] of verdicts) {
    const finding = judge({ ...good, ...figures });
    equal(finding.verdict, verdict, finding.found);
    match(finding.found, why);
    equal(typeof finding.mend, "string");
  }
  match(judge({ ...good, type: "" }).found, /file system not known/);
});

Deno.test("a folder lies on the mount with the longest path above it, and of those at one place on the last", () => {
  const mountinfo = [
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
    "30 22 0:26 / /run rw,nosuid,noexec - tmpfs tmpfs rw,size=1k",
    "31 30 0:27 / /run/with\\040space rw master:2 - xfs /dev/b rw",
    "32 22 0:28 / /run ro - overlay overlay rw",
  ].join("\n");
  equal(mountOf("/home/ada", mountinfo)?.type, "ext4");
  equal(mountOf("/runner", mountinfo)?.type, "ext4");
  equal(mountOf("/run/with space/x", mountinfo)?.type, "xfs");
  deepEqual(mountOf("/run/x", mountinfo), { point: "/run", type: "overlay", options: new Set(["ro"]) });
  equal(mountOf("/x", ""), undefined);
});

Deno.test("a look that was told to end still tells of everything, and leaves nothing behind", async () => {
  await using folder = await makeFolder();
  const facts = await describeHost({ store: folder.path, signal: AbortSignal.abort() });
  equal(new Set(facts.map(({ name }) => name)).size, facts.length);
  deepEqual(folder.names(), []);
});
