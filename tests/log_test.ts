import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { atMost, createLog, type LogFields, type LogLevel, silent } from "../src/log.ts";

type Format = "human" | "json";

/** What is written for one event. */
function lines(format: Format | undefined, message: string, fields?: LogFields, level: LogLevel = "info"): string[] {
  const written: string[] = [];
  createLog({ format, write: (line) => written.push(line) })(level, message, fields);
  return written;
}

const CONTROLS = Array.from({ length: 0xa0 }, (_, code) => code).filter((code) => code < 0x20 || code >= 0x7f);
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

Deno.test("createLog() writes a line for people: time, level unless it is info, message, fields", () => {
  const [info] = lines(undefined, "GET /x", { status: 200, ms: 1.5, cut: undefined, ok: true, none: null });
  match(info, new RegExp(`^${TIME} GET /x status=200 ms=1\\.5 ok=true none=null\\n$`));
  match(lines("human", "it broke", {}, "error")[0], new RegExp(`^${TIME} error it broke\\n$`));
  match(lines("human", "take care", undefined, "warn")[0], new RegExp(`^${TIME} warn take care\\n$`));
});

Deno.test("createLog() quotes values that would be taken for something else", () => {
  const [line] = lines("human", "x", {
    a: "two words",
    b: 'say "hi"',
    c: "k=v",
    d: "back\\slash",
    e: "",
    f: "plain/ü:1",
  });
  equal(line.slice(line.indexOf("a=")), 'a="two words" b="say \\"hi\\"" c="k=v" d="back\\\\slash" e="" f=plain/ü:1\n');
});

Deno.test("createLog() writes a line of JSON with all that it was given", () => {
  const [line] = lines(
    "json",
    "it broke",
    { status: 502, cut: true, none: null, left: undefined, text: "ü€😀" },
    "error",
  );
  const { time, ...rest } = JSON.parse(line);
  match(time, new RegExp(`^${TIME}$`));
  deepEqual(rest, { level: "error", message: "it broke", status: 502, cut: true, none: null, text: "ü€😀" });
});

for (const format of ["human", "json"] as const) {
  Deno.test(`createLog() lets no control character through as ${format}, in message or value`, () => {
    for (const code of CONTROLS.filter((code) => code !== 9)) {
      const text = `a${String.fromCharCode(code)}b`;
      for (const written of [lines(format, text), lines(format, "x", { field: text })]) {
        equal(written.length, 1);
        // deno-lint-ignore no-control-regex -- control characters are what is looked for
        doesNotMatch(written[0].slice(0, -1), /[\x00-\x1f\x7f-\x9f]/, `character ${code}`);
        equal(written[0].at(-1), "\n");
      }
    }
  });

  Deno.test(`createLog() lets nobody forge a line as ${format}`, () => {
    const forged = "ok\n2026-01-01T00:00:00.000Z error forged\r\n\u001b[31mred\u009b31m\u0085\u2028";
    for (const written of [lines(format, forged), lines(format, "x", { field: forged })]) {
      equal(written.join("").split(/[\n\r\u0085]/).length, 2);
    }
  });
}

Deno.test("createLog() as JSON gives back every character that it was given", () => {
  const text = String.fromCharCode(...CONTROLS) + '"\\\u2028\ud83d';
  const { message, field } = JSON.parse(lines("json", text, { field: text })[0]);
  deepEqual([message, field], [text, text]);
});

Deno.test("createLog() as JSON lets no field pose as time, level or message", () => {
  const { time, level, message } = JSON.parse(
    lines("json", "real", { time: "forged", level: "forged", message: "forged" })[0],
  );
  match(time, new RegExp(`^${TIME}$`));
  deepEqual([level, message], ["info", "real"]);
});

Deno.test("createLog() without a writer writes to standard error, and outlives its being closed", async () => {
  const script = `import { createLog } from ${JSON.stringify(import.meta.resolve("../src/log.ts"))};
    createLog()("warn", "one"); Deno.stderr.close(); createLog()("warn", "two"); console.log("alive");`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["eval", "--no-lock", script] })
    .output();
  deepEqual([code, new TextDecoder().decode(stdout)], [0, "alive\n"]);
  match(new TextDecoder().decode(stderr), new RegExp(`^${TIME} warn one\\n$`));
});

Deno.test("silent drops everything", () => {
  equal(silent("error", "x"), undefined);
});

Deno.test("atMost() passes so many events a second on, and tells how many it did not", () => {
  const told: unknown[] = [];
  let now = 5000;
  const log = atMost((_level, message, fields) => told.push([message, fields]), 2, () => now);
  for (const message of ["a", "b", "c", "d"]) log("warn", message, { x: 1 });
  now += 1000;
  log("warn", "e", { x: 1 });
  log("warn", "f");
  deepEqual(told, [["a", { x: 1 }], ["b", { x: 1 }], ["e", { x: 1, dropped: 2 }], ["f", undefined]]);
});
