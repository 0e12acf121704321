import { deepEqual, equal, throws } from "node:assert/strict";
import { mergeMetadata, takeMetadata } from "../../src/cli/registry/registry_metadata.ts";
import { UsageError } from "../../src/cli/usage.ts";

Deno.test("--meta.K=V gives JSON where it is and text else, dots lead into objects, and other flags are left", () => {
  const { others, metadata } = takeMetadata([
    "--key",
    "file",
    "--meta.zone=eu",
    "--meta.weight=3",
    '--meta.tags=["a", "b"]',
    "--meta.net.mtu=1500",
    "--meta.net.name=a=b",
    "--meta.empty=",
    "--meta.constructor.name=x",
    "--meta.build=12345678901234567890",
    "--metadata",
  ]);
  deepEqual(others, ["--key", "file", "--metadata"]);
  equal(
    JSON.stringify(metadata),
    '{"zone":"eu","weight":3,"tags":["a","b"],"net":{"mtu":1500,"name":"a=b"},"empty":"","constructor":{"name":"x"},' +
      '"build":"12345678901234567890"}',
  );
});

Deno.test("single values go over those of --meta", () => {
  const { metadata } = takeMetadata(["--meta.a.b=2", "--meta.c=3"]);
  deepEqual(mergeMetadata({ a: { b: 1, x: 1 }, c: { d: 1 }, e: 1 }, metadata), { a: { b: 2, x: 1 }, c: 3, e: 1 });
  deepEqual(mergeMetadata(undefined, {}), {});
});

Deno.test("names that would change an object, are none, contradict each other or are no metadata are refused", () => {
  const wrong = [
    ["--meta.a"],
    ["--meta.=1"],
    ["--meta.a..b=1"],
    ["--meta.__proto__=1"],
    ["--meta.a.__proto__.b=1"],
    ["--meta.a=1", "--meta.a.b=2"],
    ["--meta.a.b=2", "--meta.a=1"],
    ["--meta.port=80"],
    ["--meta.role=x"],
    ["--meta.awaiting=true"],
  ];
  for (const args of wrong) {
    throws(() => mergeMetadata(undefined, takeMetadata(args).metadata), UsageError, args.join(" "));
  }
  for (const whole of ["[]", "1", "null", '{"__proto__": {"a": 1}}', '{"host": "x"}']) {
    throws(() => mergeMetadata(JSON.parse(whole), {}), UsageError, whole);
  }
  equal(({} as Record<string, unknown>).b, undefined);
});
