/** Where the own control group lies, by what the kernel tells of it on several hosts. */

import { equal } from "node:assert/strict";
import { ownGroup } from "../../../src/process/cgroup/own_group.ts";

const V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";
const V1 = "34 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";

Deno.test("ownGroup() finds the group where version 2 alone is mounted, and beside version 1", () => {
  equal(ownGroup("0::/user.slice/user-1000.slice\n", `${V2}\n`), "/sys/fs/cgroup/user.slice/user-1000.slice");
  const beside = "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
  equal(ownGroup("4:memory:/a\n1:name=systemd:/b\n0::/c\n", `${V1}\n${beside}\n`), "/sys/fs/cgroup/unified/c");
  equal(ownGroup("0::/\n", V2), "/sys/fs/cgroup");
});

Deno.test("ownGroup() knows mounts that show a part of the hierarchy, or are called by odd names", () => {
  const part = "31 23 0:26 /system.slice/a.service /my\\040groups rw - cgroup2 cgroup2 rw";
  equal(ownGroup("0::/system.slice/a.service/b\n", part), "/my groups/b");
  equal(ownGroup("0::/system.slice/a.service\n", part), "/my groups");
  equal(ownGroup("0::/system.slice/a.service2\n", part), undefined);
  equal(ownGroup("0::/other\n", `${part}\n${V2}`), "/sys/fs/cgroup/other");
});

Deno.test("ownGroup() is nowhere without version 2, and outside of what a namespace shows", () => {
  equal(ownGroup("4:memory:/a\n", V1), undefined);
  equal(ownGroup("0::/a\n", V1), undefined);
  equal(ownGroup("0::/../a\n", V2), undefined);
  equal(ownGroup("", ""), undefined);
});
