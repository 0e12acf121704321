/** install.sh and what it downloads, by curl and by wget: over which schemes, and what it makes of half a file. */

import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { filesIn } from "../../scripts/build/tree.ts";
import { findCommand } from "../../src/process/find_command.ts";
import { serveHttp } from "../../mod.ts";
import { EC, makePair } from "../support/certificate.ts";
import { makeFolder } from "../support/folder.ts";
import { listen } from "../support/in_process.ts";
import { runInstall, standIn, TARGET, writeRelease } from "../support/release.ts";
import { rawUpstream } from "../support/upstream.ts";

/** What the script needs besides a downloader. */
const TOOLS = "awk cat cp cut dirname find grep gzip mkdir mktemp mv rm rmdir sed sh sha256sum sort tar uname".split(
  " ",
);
const DOWNLOADERS = ["curl", "wget"];

for (const downloader of DOWNLOADERS) {
  Deno.test({
    name: `install.sh installs from a server by ${downloader}, and says what is not there`,
    ignore: findCommand(downloader) === undefined,
    fn: async () => {
      await using place = await makePlace(downloader);
      await using server = await listen((request) => place.serve(request));
      const { code, stderr } = await place.install("--base", `${server.url}/releases/`);
      equal(code, 0, stderr);
      deepEqual(place.names(), ["installed", "sluice", "sluice.1"]);
      await using other = await makePlace(downloader);
      const wrong = await other.install("--base", `${server.url}/elsewhere`);
      deepEqual([wrong.code, other.names()], [1, []]);
      match(wrong.stderr, /Cannot get http:\/\/127\.0\.0\.1:\d+\/elsewhere\/SHA256SUMS: /);
    },
  });

  Deno.test({
    name: `install.sh installs nothing of an archive that broke off, by ${downloader}`,
    ignore: findCommand(downloader) === undefined,
    fn: async () => {
      await using place = await makePlace(downloader);
      const archive = await place.read(`sluice-1.0.0-${TARGET}.tar.gz`);
      const sums = await place.read("SHA256SUMS");
      await using server = await rawUpstream((connection) => {
        if (!connection.received.endsWith("\r\n\r\n")) return;
        const isSums = connection.received.includes("/SHA256SUMS ");
        const [content, sent] = isSums ? [sums, sums.length] : [archive, archive.length / 2];
        connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\nConnection: close\r\n\r\n`);
        connection.socket.end(content.subarray(0, sent));
      });
      const { code, stderr } = await place.install("--base", `http://127.0.0.1:${server.port}`);
      match(stderr, /Cannot get .*\.tar\.gz/);
      deepEqual([code, place.names()], [1, []], stderr);
    },
  });
}

Deno.test("install.sh takes http from this machine alone, unless told otherwise", async () => {
  await using place = await makePlace("curl");
  const hosts = ["sluice.invalid", "127.0.0.1.invalid", "localhost.invalid", "[2001:db8::1]", "0.0.0.0"];
  for (const host of hosts) {
    const { code, stderr } = await place.install("--base", `http://${host}/`);
    equal(code, 1, host);
    match(stderr, /Cannot install from http:\/\/.*: who is on the way can change what comes over http/);
  }
  const user = await place.install("--base", "http://127.0.0.1@sluice.invalid/");
  match(user.stderr, /a user name in it can pass for another host/);
  const insecure = await place.install("--insecure", "--base", "http://sluice.invalid");
  match(insecure.stderr, /Cannot get http:\/\/sluice\.invalid\/SHA256SUMS/);
  deepEqual(place.names(), []);
});

for (const downloader of DOWNLOADERS) {
  Deno.test({
    name: `install.sh follows no redirect from https to http, by ${downloader}`,
    ignore: findCommand(downloader) === undefined || findCommand("openssl") === undefined,
    fn: async () => {
      await using place = await makePlace(downloader);
      const { cert, key } = await makePair(...EC);
      await Deno.writeTextFile(place.file("cert.pem"), cert);
      await using plain = await listen((request) => place.serve(request));
      const secure = await serveHttp(
        (request) => {
          const { pathname } = new URL(request.url);
          if (pathname.startsWith("/releases/")) return place.serve(request);
          return Response.redirect(`${plain.url}/releases${pathname}`, 302);
        },
        { hostname: "127.0.0.1", port: 0, tls: { cert, key } },
      );
      try {
        const base = `https://127.0.0.1:${secure.port}`;
        const redirected = await place.install("--base", base);
        deepEqual([redirected.code, place.names()], [1, []]);
        match(redirected.stderr, /Cannot get https:/);
        const { code, stderr } = await place.install("--base", `${base}/releases`);
        equal(code, 0, stderr);
      } finally {
        await secure.close(0);
      }
    },
  });
}

Deno.test("install.sh leaves nothing behind when it is told to stop", async () => {
  await using place = await makePlace("curl");
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const sums = await place.read("SHA256SUMS");
  await using server = await rawUpstream((connection) => {
    if (!connection.received.endsWith("\r\n\r\n")) return;
    if (!connection.received.includes("/SHA256SUMS ")) return resolve(); // and nothing comes
    connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${sums.length}\r\nConnection: close\r\n\r\n`);
    connection.socket.end(sums);
  });
  // The shell waits for curl before it heeds the signal.
  const stop = asked.then(() => setTimeout(() => server.connections.at(-1)!.socket.destroy(), 0));
  const { code } = await place.installUntil(stop, "--base", `http://127.0.0.1:${server.port}`);
  deepEqual([code, [...Deno.readDirSync(place.file("home/.local"))]], [143, []]);
});

/** A home, a release, and a PATH with one downloader. */
async function makePlace(downloader: string) {
  const folder = await makeFolder();
  const [home, base, bin] = ["home", "base", "bin"].map((name) => folder.file(name));
  await Deno.mkdir(home);
  await Deno.mkdir(bin);
  for (const tool of [...TOOLS, downloader]) {
    const path = findCommand(tool);
    if (path !== undefined) await Deno.symlink(path, join(bin, tool));
  }
  await writeRelease(base, { "1.0.0": standIn("1.0.0") });
  const certificates = { CURL_CA_BUNDLE: folder.file("cert.pem"), WGETRC: folder.file("wgetrc") };
  await Deno.writeTextFile(folder.file("wgetrc"), `ca_certificate = ${folder.file("cert.pem")}\n`);
  const env = { PATH: bin, ...certificates };
  return {
    ...folder,
    read: (name: string) => Deno.readFile(join(base, name)),
    /** Names of all files below the home. */
    names: () => filesIn(home).map((path) => path.slice(path.lastIndexOf("/") + 1)).sort(),
    install: (...args: string[]) => runInstall(home, ["--target", TARGET, ...args], { env }),
    /** The same, told to stop when a promise resolves. */
    installUntil: (stop: Promise<unknown>, ...args: string[]) =>
      runInstall(home, ["--target", TARGET, ...args], { env, stop }),
    serve: async (request: Request) => {
      const [, name] = /^\/releases\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
      if (name === undefined) return new Response("", { status: 404 });
      return new Response(await Deno.readFile(join(base, name)));
    },
  };
}
