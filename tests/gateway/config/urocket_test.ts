/** urocket's files, in both forms, as the one model. */

import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { CallbackConfig, TargetConfig } from "../../../src/gateway/config/target_model.ts";
import { readConfig } from "../../../src/gateway/config/read_config.ts";
import { noPolicy } from "../../../src/gateway/config/settle/policy.ts";
import { makeConfigFolder } from "./config_folder.ts";

const file = (name: string) => fileURLToPath(new URL(`files/${name}`, import.meta.url));

function callback(target: TargetConfig): CallbackConfig {
  equal(target.kind, "callback");
  return target as CallbackConfig;
}

Deno.test("a urocket file with its processes in the actions becomes routes that reply by callback", () => {
  const { name, servers: [server], reply } = readConfig(file("urocket.yaml"));
  deepEqual([name, reply], ["mynastyphpport", { socket: { path: "/tmp/urocket.sock" }, secret: false }]);
  deepEqual(server.listen, [{ hostname: "127.0.0.1", port: 8080 }]);
  const [post, get] = server.routes;
  deepEqual([post.methods, post.path], [["POST"], "/get/pets"]);
  match(post.where, /^paths\["\/get\/pets"\]\.post, line 8$/);
  deepEqual(post.policy, { ...noPolicy, timeoutMs: 300, stats: true });
  deepEqual(callback(post.target), {
    kind: "callback",
    channel: "cmdline",
    onExit: "wait",
    program: {
      file: undefined,
      command: ["/bin/echo", "--quiet", "{{jsonpayload}}", "other param"],
      args: [],
      language: undefined,
      mode: undefined,
      cwd: file("public"),
      env: { MYENV: "CI", PAYLOAD: "{{jsonpayload}}" },
      warm: 0,
      reuse: 1,
      contentType: undefined,
      logStdout: true,
      limits: undefined,
    },
  });
  equal(get.policy.timeoutMs, 1000);
  const { channel, onExit, program } = callback(get.target);
  deepEqual([channel, onExit, program.command, program.logStdout], ["stdin", "success", ["cat", "-"], false]);
});

Deno.test("a urocket file with inject, tags and a document becomes operations of the document", () => {
  const { servers: [server], reply } = readConfig(file("urocket_inject.yaml"));
  deepEqual(server.routes, []);
  equal(reply?.secret, true);
  equal(server.listen[0].port, 8081);
  const { document, operations, validateIn, validateOut } = server.openapi!;
  deepEqual([document, validateIn, validateOut], [file("petstore.yaml"), false, "off"]);
  deepEqual(Object.keys(operations), ["POST /get/pets", "POST /get/cats"]);
  const { "POST /get/pets": pets, "POST /get/cats": cats } = operations;
  deepEqual([pets.validateIn, pets.validateOut, pets.policy.timeoutMs], [true, "strict", 300]);
  deepEqual([cats.validateIn, cats.validateOut, cats.policy.timeoutMs], [false, "off", 1000]);
  deepEqual(callback(pets.target).program.command, ["/bin/echo", "{{jsonpayload}}"]);
  // What a client sends is never a part of a script.
  const { command, env } = callback(cats.target).program;
  deepEqual(command, ["/bin/sh", "-c", 'echo "${JSONPAYLOAD}" $REQUEST_ID']);
  deepEqual(env, { JSONPAYLOAD: "{{jsonpayload}}", MYENV: "CI" });
});

const action = (lines: string) => `paths:\n  /pets:\n    post:\n      ${lines.replaceAll("\n", "\n      ")}\n`;

const wrong: readonly (readonly [text: string, faults: readonly string[]])[] = [
  [action("wd: ."), ['3: paths["/pets"].post.cmd: is missing']],
  [action("cmd: echo\nvalidatein: true"), [
    '5: paths["/pets"].post.validatein: needs a document to hold against: add openapi: FILE at the top',
  ]],
  [action("cmd: echo\nvalidate-out: true"), [
    '5: paths["/pets"].post.validate-out: needs a document to hold against: add openapi: FILE at the top',
  ]],
  [action("cmd: echo\nvalidatein: false\nvalidate-in: false"), [
    '5: paths["/pets"].post.validatein: is validate-in in another spelling: keep one',
  ]],
  [action("cmd: echo\nencoding: xml\ntimeot: 3"), [
    '6: paths["/pets"].post.timeot: is no setting; did you mean "timeout"?',
  ]],
  [action("cmd: echo\nencoding: xml"), ['5: paths["/pets"].post.encoding: is "xml": json is the only one']],
  [action("cmd: echo\ninject:\n  cmd: cat"), ['4: paths["/pets"].post.cmd: is said in inject too: keep one']],
  [action("cmd: echo 'x"), ['4: paths["/pets"].post.cmd: can\'t be parted into words: a quote has no end']],
  [action("cmd: nope-nope x"), ['4: paths["/pets"].post.cmd: names nope-nope, which is no command on PATH']],
  [action("cmd: ./nope x"), ['4: paths["/pets"].post.cmd: names ./nope, which is not there, or not executable']],
  [action("cmd: echo {{jsonpaylod}}"), [
    '4: paths["/pets"].post.cmd: has a placeholder that is "{{jsonpaylod}}"; did you mean "{{jsonpayload}}"?',
  ]],
  [action("cmd: [sh, -c, \"echo '{{jsonpayload}}'\"]"), [
    '4: paths["/pets"].post.cmd: has {{jsonpayload}} in single quotes of a script, where nothing can be put in: take them away',
  ]],
  [action("cmd: echo\nenv: [A]\nwd: nope\nchannel: pigeon"), [
    '7: paths["/pets"].post.channel: is "pigeon"; it may be "cmdline", "stdin", "env", "file", "none"',
  ]],
  [action("cmd: echo\nenv: [A]\nwd: nope"), [
    '5: paths["/pets"].post.env[0]: is "A", which is not NAME=VALUE',
    '6: paths["/pets"].post.wd: names nope, which is not there',
  ]],
  [action("cmd: echo\nenv: [REQUEST_ID=mine, 'REQUEST_URI={{jsonpayload}}']"), [
    '5: paths["/pets"].post.env[0]: has no effect: each request sets this variable',
  ]],
  [action("cmd: echo\nlogstdout: !ToSplit x"), [
    '5: paths["/pets"].post.logstdout: is a text, and has to be true or false',
  ]],
  ["paths:\n  pets:\n    get:\n      cmd: echo\n", ["2: paths.pets: is no path: it begins with a slash"]],
  ["paths:\n  /pets:\n    fetch:\n      cmd: echo\n", [
    '3: paths["/pets"].fetch: is no setting: known are get, head, post, put, patch, delete, options',
  ]],
  ["port: 70000\npaths: {}\n", ["1: port: is 70000: 65535 is the most"]],
  ["servicename: x\npaths: {}\n", ["2: paths: has no methods: add one with a cmd"]],
  ["openapi: nope.yaml\n" + action("cmd: echo\nvalidatein: true"), ["1: openapi: names nope.yaml, which is not there"]],
];

Deno.test("what can't be in a urocket file is told with its line and key", async () => {
  await using folder = await makeConfigFolder();
  for (const [text, faults] of wrong) {
    deepEqual(folder.faults(text, "urocket.yaml").map((line) => line.replace("urocket.yaml:", "")), faults, text);
  }
});
