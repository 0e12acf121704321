/** Servers on sockets of the file system: who may connect, and whose place it is. */

import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { bytesResponse } from "../../src/http/bytes_response.ts";
import type { RequestInfo } from "../../src/http/handler.ts";
import { type Access, type HttpServer, serveHttp } from "../../src/http/node_server.ts";
import { type Folder, makeFolder } from "../support/folder.ts";

/** Asks over a socket. */
async function ask(path: string, url = "http://localhost/"): Promise<string> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path }, poolMaxIdlePerHost: 0 });
  return await (await fetch(url, { client })).text();
}

function serve(path: string, text = "fine"): Promise<HttpServer> {
  return serveHttp(() => bytesResponse(new TextEncoder().encode(text), {}), { path });
}

function names(folder: Folder): string[] {
  return [...Deno.readDirSync(folder.path)].map(({ name }) => name);
}

Deno.test("a server on a socket answers, and its file is this user's alone and gone when it closes", async () => {
  await using folder = await makeFolder();
  const path = folder.file("s.sock");
  const before = Deno.umask(0);
  let server: HttpServer;
  try {
    server = await serve(path);
  } finally {
    Deno.umask(before);
  }
  equal(Deno.lstatSync(path).mode! & 0o777, 0o600);
  deepEqual([server.path, server.hostname, server.port], [path, "", 0]);
  deepEqual(names(folder), ["s.sock"]);
  equal(await ask(path), "fine");
  await server.close(0);
  deepEqual(names(folder), []);
});

Deno.test("requests of a socket have no address, and want to reach localhost unless they say else", async () => {
  await using folder = await makeFolder();
  const path = folder.file("s");
  const infos: (RequestInfo | undefined)[] = [];
  const accesses: Access[] = [];
  const server = await serveHttp((request, info) => {
    infos.push(info);
    return new Response(request.url);
  }, { path, onAccess: (access) => void accesses.push(access) });
  equal(await ask(path, "http://name/a"), "http://name/a");
  const connection = await Deno.connect({ transport: "unix", path });
  await connection.write(new TextEncoder().encode("GET /b HTTP/1.0\r\n\r\n"));
  match(await new Response(connection.readable).text(), /\r\n\r\nhttp:\/\/localhost\/b$/);
  deepEqual(infos.map((info) => info?.remoteAddr), Array(2).fill({ transport: "unix", hostname: "" }));
  deepEqual(accesses.map(({ remoteAddress }) => remoteAddress), ["", ""]);
  await server.close(0);
});

Deno.test("a socket that nobody listens on any more is replaced", async () => {
  await using folder = await makeFolder();
  const path = folder.file("s.sock");
  const args = ["eval", "--no-lock", "Deno.listen({ transport: 'unix', path: Deno.args[0] }); Deno.exit()", path];
  await new Deno.Command(Deno.execPath(), { args }).output();
  equal(Deno.lstatSync(path).isSocket, true);
  const server = await serve(path);
  equal(await ask(path), "fine");
  await server.close(0);
  deepEqual(names(folder), []);
});

Deno.test("a socket that somebody listens on is refused, and goes on", async () => {
  await using folder = await makeFolder();
  const path = folder.file("s.sock");
  const first = await serve(path, "first");
  const expected = { name: "AddrInUse", message: `Cannot listen on ${path}: somebody listens there already` };
  await rejects(serve(path, "second"), expected);
  equal(await ask(path), "first");
  await first.close(0);
  deepEqual(names(folder), []);
});

Deno.test("of servers that start at once on one socket, one gets it", async () => {
  await using folder = await makeFolder();
  const path = folder.file("s.sock");
  const started = await Promise.allSettled([serve(path), serve(path), serve(path)]);
  const servers = started.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
  equal(servers.length, 1);
  equal(await ask(path), "fine");
  await servers[0].close(0);
  deepEqual(names(folder), []);
});

Deno.test("what is no socket stays where it is", async () => {
  await using folder = await makeFolder({ "file": "precious" });
  for (const path of [folder.file("file"), folder.path]) {
    await rejects(serve(path), {
      name: "AlreadyExists",
      message: `Cannot listen on ${path}: it is there, and is no socket`,
    });
  }
  Deno.symlinkSync(folder.file("file"), folder.file("link"));
  await rejects(serve(folder.file("link")), Deno.errors.AlreadyExists);
  equal(Deno.readTextFileSync(folder.file("file")), "precious");
  await rejects(serve(folder.file("none/s.sock")), Deno.errors.NotFound);
});

Deno.test("a file that took the place of a socket is not removed with it", async () => {
  await using folder = await makeFolder();
  const path = folder.file("s.sock");
  const server = await serve(path);
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "another's");
  await server.close(0);
  equal(Deno.readTextFileSync(path), "another's");
});

Deno.test("a path that is too long for a socket is told so", async () => {
  await using folder = await makeFolder();
  const fill = (bytes: number) => `${folder.path}/${"x".repeat(bytes - folder.path.length - 1)}`;
  const server = await serve(fill(107));
  equal(await ask(fill(107)), "fine");
  await server.close(0);
  const message = `Cannot listen on ${fill(108)}: a socket's path has at most 107 bytes`;
  await rejects(serve(fill(108)), { name: "TypeError", message });
  await rejects(serveHttp(() => new Response(), { path: fill(50), port: 0 }), TypeError);
});
