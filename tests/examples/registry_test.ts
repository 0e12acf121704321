/** The README's terminals, in either order, and the front of examples/router.ts. */

import { deepEqual, equal, match } from "node:assert/strict";
import { connect } from "../support/registry_hub.ts";
import { Transcript } from "../support/serve.ts";
import { until, within } from "../support/within.ts";

const root = new URL("../../", import.meta.url);

/** What the README says to type, by its blocks. */
async function terminals(): Promise<string[]> {
  const readme = await Deno.readTextFile(new URL("README.md", root));
  const [, section] = readme.split("## Find what runs\n");
  return [...section.split("\n## ")[0].matchAll(/```sh\n([^`]*)```/g)].map(([, lines]) => lines);
}

/** A shell that runs lines, and all that it started; disposing it ends them. */
function type(lines: string): AsyncDisposable & { readonly output: Transcript } {
  const child = new Deno.Command("setsid", { args: ["bash", "-c", lines], cwd: root, stdout: "piped", stderr: "piped" })
    .spawn();
  const output = new Transcript(child.stdout);
  const errors = new Transcript(child.stderr);
  return {
    output,
    [Symbol.asyncDispose]: async () => {
      try {
        Deno.kill(-child.pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // all have ended
      }
      await Promise.all([child.status, output.ended, errors.ended]);
    },
  };
}

/** A port that nothing listens on for the moment. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

for (const [name, order] of [["as written", [0, 1]], ["the other way round", [1, 0]]] as const) {
  Deno.test(`the README's terminals find each other, ${name}`, async () => {
    const port = freePort();
    const blocks = await terminals();
    equal(blocks.length, 2);
    const lines = blocks.map((block) =>
      block.replaceAll("9090", String(port))
        .replace(/examples\/registry\/\w+\.ts/g, `$& localhost:${port}`)
        .replaceAll("deno run", `"${Deno.execPath()}" run`)
        .replace(/^curl.*\n/m, "")
    );
    await using first = type(lines[order[0]]);
    await using second = type(lines[order[1]]);
    const client = order[0] === 0 ? second : first;
    await within(() => `the client says beep boop; it said ${client.output.text}`, client.output.match(/^beep boop\n/));
    const [, curl] = /^curl '([^']*)'/m.exec(blocks[1])!;
    const services = await (await fetch(`http://${curl.replace("9090", String(port))}`)).json();
    deepEqual(services.map(({ role, version }: Record<string, string>) => `${role}@${version}`), ["web@1.2.3"]);
  });
}

Deno.test("examples/router.ts sends each host to its versions", async () => {
  const [front, seaport, hub] = [freePort(), freePort(), freePort()];
  await using router = type(`"${Deno.execPath()}" run -A examples/router.ts ${front} ${seaport} ${hub}`);
  await within("the router starts", router.output.match(/registers at (.*)\n/));
  await using services = await connect(`localhost:${hub}`);
  const servers = await Promise.all(["0.0.0", "0.1.0"].map(async (version) => {
    const { port } = await services.register(`http@${version}`);
    return Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      () => new Response(`version ${version}\r\n`),
    );
  }));
  const ask = async (host: string) => {
    using client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 0 });
    return await (await fetch(`http://127.0.0.1:${front}/`, { headers: { host }, client })).text();
  };
  await until("both are found", async () => {
    const answers = await Promise.all(["stable", "unstable"].map(ask));
    return answers.every((text) => text.startsWith("version"));
  });
  equal(await ask("stable"), "version 0.0.0\r\n");
  equal(await ask("unstable.example"), "version 0.1.0\r\n");
  match(await ask("other"), /version 0\.0\.0/);
  await Promise.all(servers.map((server) => server.shutdown()));
});
