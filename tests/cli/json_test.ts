/** `--json` where a person's lines are the default, for editors and scripts. */

import { deepEqual, equal, match } from "node:assert/strict";
import { problemsOf } from "../../src/cli/gateway/gateway_check.ts";
import { readKeyFile } from "../../src/net/key_file.ts";
import { makeFolder } from "../support/folder.ts";
import { runCli } from "../support/serve.ts";

Deno.test("gateway --check --json prints what is wrong with its place, and ends with 1", async () => {
  await using folder = await makeFolder({
    "bad.toml": '[[routes]]\npath = "/a"\nrespond = "x"\ntimout = "2s"\n\n[[routes]]\nrespond = "y"\n',
  });
  const file = folder.file("bad.toml");
  const { code, stdout, stderr } = await runCli(["gateway", "-c", file, "--check", "--json"]);
  deepEqual([code, stderr], [1, ""]);
  deepEqual(JSON.parse(stdout), [
    { file, line: 4, column: 1, path: "routes[0].timout", message: 'is no setting; did you mean "timeout"?' },
    { file, line: 6, column: 3, path: "routes[1].path", message: "is missing" },
  ]);
});

Deno.test("gateway --check --json tells of what the file names, without a place, beside each other", async () => {
  await using folder = await makeFolder({
    "bad.toml": '[[servers]]\nlisten = ["127.0.0.1:0"]\ntls = { cert = "no.pem", key = "no.pem" }\n' +
      '[[servers.routes]]\npath = "/a"\nrespond = "x"\n[[servers]]\nlisten = ["127.0.0.1:0"]\n' +
      'tls = { cert = "none.pem", key = "none.pem" }\n[[servers.routes]]\npath = "/b"\nrespond = "x"\n',
    "no.pem": "no certificate",
    "none.pem": "none either",
  });
  const { code, stdout } = await runCli(["gateway", "-c", folder.file("bad.toml"), "--check", "--json"]);
  equal(code, 1);
  const problems: { file: string; line: number | null; message: string }[] = JSON.parse(stdout);
  deepEqual(problems.map(({ file, line }) => [file, line]), Array(2).fill([folder.file("bad.toml"), null]), stdout);
  match(problems[0].message, /no\.pem/);
  match(problems[1].message, /none\.pem/);
});

Deno.test("gateway --check --json of a file that is right prints an empty array, and of none what is missing", async () => {
  await using folder = await makeFolder({ "good.toml": '[[routes]]\npath = "/a"\nrespond = "x"\n' });
  const { code, stdout, stderr } = await runCli(["gateway", "-c", folder.file("good.toml"), "--check", "--json"]);
  deepEqual([code, stdout, stderr], [0, "[]\n", ""]);
  const missing = await runCli(["gateway", "-c", folder.file("none.toml"), "--check", "--json"]);
  deepEqual([missing.code, JSON.parse(missing.stdout)[0].message], [1, "is not there"]);
  const wrong = await runCli(["gateway", "-c", folder.file("good.toml"), "--json"]);
  deepEqual([wrong.code, wrong.stdout], [2, ""]);
  match(wrong.stderr, /--json goes with --check/);
  for (const flag of ["--force", "--language=go"]) {
    const { code, stderr } = await runCli(["gateway", "-c", folder.file("good.toml"), "--check", flag]);
    deepEqual([code, stderr.includes(`${flag.split("=")[0]} goes with --init`)], [2, true], stderr);
  }
});

Deno.test("a failure that has no place is one problem of the file", () => {
  const none = { file: "a.toml", line: null, column: null, path: null };
  deepEqual(problemsOf(new Error("broken"), "a.toml"), [{ ...none, message: "broken" }]);
  deepEqual(problemsOf(new AggregateError([new Error("one"), new Error("two")]), "a.toml"), [
    { ...none, message: "one" },
    { ...none, message: "two" },
  ]);
});

Deno.test("keys new and keys network print one line of JSON with the file", async () => {
  await using folder = await makeFolder();
  const file = folder.file("web.pem");
  const made = await runCli(["keys", "new", file, "--json"]);
  deepEqual([made.code, made.stderr, made.stdout.split("\n").length], [0, "", 2]);
  const { publicPem, id } = readKeyFile(file).pair!;
  const { node, ...rest } = JSON.parse(made.stdout);
  deepEqual(rest, { id, type: "ed25519", public: publicPem, file });
  match(node, /^[a-z2-7]{52}$/);
  const network = folder.file("network.key");
  const shared = await runCli(["keys", "network", network, "--json"]);
  deepEqual([shared.code, shared.stderr, JSON.parse(shared.stdout)], [0, "", { file: network }]);
});
