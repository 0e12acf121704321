/** Nothing but what lies below the root is served, whatever paths, links and special files there are. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { dirname, join } from "node:path";
import { belowRoot } from "../../src/gateway/targets/static_path.ts";
import { openBelow } from "../../src/gateway/targets/static_open.ts";
import { RawClient } from "../support/raw_client.ts";
import { PREFIX, serveFolder } from "../support/static_site.ts";
import { within } from "../support/within.ts";

const SECRET = "secret beside the root";

/** The status for a path as it is, without what a client would make of it. */
async function status(url: string, path: string): Promise<number> {
  using client = await RawClient.connect(url);
  await client.send(`GET ${PREFIX}${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const head = await client.head();
  ok(!(await client.rest()).includes(SECRET), path);
  return head.status;
}

Deno.test("a path names one file, and none that is above the root, hidden or written otherwise", () => {
  const refused = [
    ...["..", "../a", "a/../b", "a/..", ".", "./a", "a/./b", "/etc/passwd", "//etc/passwd", "a//b", "/", "//"],
    ...["a\0b", "\0", "a\\b", "..\\a", "\\\\host\\share", ".git", ".git/config", "a/.env", "...", "a/ /../b"],
    "x".repeat(5000),
  ];
  for (const rest of refused) equal(belowRoot(rest), undefined, JSON.stringify(rest.slice(0, 40)));
  deepEqual(belowRoot(""), { path: "", isFolder: true });
  deepEqual(belowRoot("a/b c/ü"), { path: "a/b c/ü", isFolder: false });
  deepEqual(belowRoot("a/"), { path: "a", isFolder: true });
  deepEqual(belowRoot(".well-known/acme"), { path: ".well-known/acme", isFolder: false });
});

Deno.test("no way of writing a path leads out of the root", async () => {
  await using site = await serveFolder({ "a.txt": "a" }, { listing: true });
  await Deno.writeTextFile(join(dirname(site.path), "secret"), SECRET);
  const ways = [
    ...["%2e%2e%2fsecret", "..%2fsecret", "%2e%2e/%2e%2e/etc/passwd", "..%5csecret", "a.txt%2f..%2f..%2fsecret"],
    ...[
      "%2fetc%2fpasswd",
      "%2f%2fetc/passwd",
      "a.txt%00",
      "%00/../secret",
      "....//secret",
      "..;/secret",
      "%252e%252e/secret",
    ],
  ];
  for (const way of ways) equal(await status(site.url, way), 404, way);
});

Deno.test("a link out of the root is nothing, one inside of it is what it leads to", async () => {
  await using site = await serveFolder({ "a.txt": "a" }, { listing: true, precompressed: true });
  const beside = dirname(site.path);
  const [secret, sibling] = [join(beside, "secret"), join(beside, "root2")];
  await Deno.writeTextFile(secret, SECRET);
  await Deno.mkdir(sibling); // begins as the root does
  await Deno.writeTextFile(join(sibling, "secret"), SECRET);
  const links: Record<string, string> = {
    absolute: secret,
    relative: "../secret",
    folder: sibling,
    chain: "absolute",
    "a.txt.gz": secret,
    dangling: "nothing",
    circle: "circle",
    inside: "a.txt",
    self: ".",
  };
  for (const [name, target] of Object.entries(links)) await Deno.symlink(target, site.file(name));
  for (
    const path of ["absolute", "relative", "folder/secret", "folder/", "chain", "dangling", "circle", "self/relative"]
  ) {
    equal(await status(site.url, path), 404, path);
  }
  for (const path of ["inside", "self/a.txt", "self/self/inside", "a.txt"]) {
    equal(await status(site.url, path), 200, path);
  }
  const response = await fetch(site.at("a.txt"), { headers: { "accept-encoding": "gzip" } });
  equal(await response.text(), "a");
  ok(site.log.some((line) => line.includes("leads out")));
});

Deno.test("the root may be a link itself, and be turned to another folder", async () => {
  await using site = await serveFolder({ "a.txt": "first" });
  const beside = dirname(site.path);
  await using other = await serveFolder({ "a.txt": "first" }, { root: join(beside, "current") });
  await Deno.mkdir(join(beside, "second"));
  await Deno.writeTextFile(join(beside, "second", "a.txt"), "second");
  equal(await status(other.url, "a.txt"), 404);
  await Deno.symlink("root", join(beside, "current"));
  equal(await (await fetch(other.at("a.txt"))).text(), "first");
  await Deno.symlink("second", join(beside, "next"));
  await Deno.rename(join(beside, "next"), join(beside, "current"));
  equal(await (await fetch(other.at("a.txt"))).text(), "second");
});

Deno.test("a folder that is swapped for a link all the time never gives what lies beside", async () => {
  await using site = await serveFolder({});
  const beside = dirname(site.path);
  await Deno.writeTextFile(join(beside, "file"), SECRET);
  await Deno.mkdir(site.file("real"));
  await Deno.writeTextFile(join(site.file("real"), "file"), "public");
  await Deno.writeTextFile(site.file("swap"), "");
  const swap = new Deno.Command("sh", {
    args: ["-c", 'while [ -e swap ]; do ln -sfn real x; ln -sfn "$0" x; done', beside],
    cwd: site.path,
  }).spawn();
  try {
    const seen = { public: 0, nothing: 0 };
    const deadline = performance.now() + 10_000;
    while (seen.public < 100 || seen.nothing < 100) {
      if (performance.now() > deadline) break;
      const opened = openBelow(join(site.path, "x", "file"), site.path);
      if (opened === undefined || opened === "outside") {
        seen.nothing++;
        continue;
      }
      using _opened = opened;
      equal(Deno.readTextFileSync(opened.path), "public");
      seen.public++;
    }
    ok(seen.public > 0 && seen.nothing > 0, JSON.stringify(seen));
  } finally {
    await Deno.remove(site.file("swap"));
    await swap.status;
  }
});

Deno.test("fifos, sockets and devices are nothing, and nobody waits at them", async () => {
  await using site = await serveFolder({}, { listing: true });
  await new Deno.Command("mkfifo", { args: [site.file("fifo")] }).output();
  using _socket = Deno.listen({ transport: "unix", path: site.file("socket") });
  await Deno.symlink("/dev/zero", site.file("device"));
  for (const name of ["fifo", "socket", "device"]) {
    equal(await within(`an answer for ${name}`, status(site.url, name)), 404, name);
  }
  ok(!/href="\.\/(fifo|socket|device)/.test(await (await fetch(site.at(""))).text()));
});

Deno.test("hidden files are nothing, but for those that are well known", async () => {
  await using site = await serveFolder({ ".env": SECRET });
  await Deno.mkdir(join(site.path, ".well-known"));
  await Deno.writeTextFile(join(site.path, ".well-known", "security.txt"), "Contact: x");
  await Deno.writeTextFile(join(site.path, ".well-known", ".secret"), SECRET);
  for (const path of [".env", "%2eenv", ".well-known/.secret", ".well-known/..%2f.env"]) {
    equal(await status(site.url, path), 404, path);
  }
  equal(await status(site.url, ".well-known/security.txt"), 200);
});
