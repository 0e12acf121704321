/** What a warm parent and its children report, line by line. */

import { deepEqual, equal, throws } from "node:assert/strict";
import { LineReader, parseReport, type Report } from "../../../src/process/warm/reports.ts";
import { splits } from "../../support/sources.ts";

const encoder = new TextEncoder();

Deno.test("each kind of report is read as what it says", () => {
  const usage = { userMs: 12.345, systemMs: 0.5, maxRssBytes: 3000 * 1024 };
  const cases: Record<string, Report> = {
    "ready": { kind: "ready" },
    "refused an import starts threads": { kind: "refused", why: "an import starts threads" },
    "refused  ü 1 ": { kind: "refused", why: " ü 1 " },
    "failed [Errno 11] Resource temporarily unavailable": {
      kind: "failed",
      why: "[Errno 11] Resource temporarily unavailable",
    },
    "took 4711 0": { kind: "took", pid: 4711, run: 0 },
    "took 2 999999999999999": { kind: "took", pid: 2, run: 999999999999999 },
    "done 4711 255": { kind: "done", pid: 4711, code: 255 },
    "ended 4711 0 12345 500 3000 0": {
      kind: "ended",
      pid: 4711,
      exit: { code: 0, signal: null },
      usage,
      left: false,
    },
    "ended 4711 0 12345 500 3000 1": {
      kind: "ended",
      pid: 4711,
      exit: { code: 0, signal: null },
      usage,
      left: true,
    },
  };
  for (const [line, report] of Object.entries(cases)) deepEqual(parseReport(line), report);
});

Deno.test("a wait status is an exit code or the name of a signal", () => {
  const cases: [status: number, code: number | null, signal: string | null][] = [
    [0, 0, null],
    [3 << 8, 3, null],
    [255 << 8, 255, null],
    [9, null, "SIGKILL"],
    [11 | 0x80, null, "SIGSEGV"], // with a core dump
    [15, null, "SIGTERM"],
    [40, null, "SIGRT40"],
  ];
  for (const [status, code, signal] of cases) {
    const report = parseReport(`ended 9 ${status} 0 0 0 0`);
    deepEqual("exit" in report && report.exit, { code, signal });
  }
});

Deno.test("a line that is no report is refused whole", () => {
  const hostile = [
    ...["", " ", "READY", "hello", "__proto__", "constructor 5 1", "tookx 5 1"],
    ...["took", "took 5", "took 5 ", "took 5 1 2", "took  5 1", " took 5 1", "took 5 1\r", "took five 1"],
    ...["took 0 1", "took 1 1", "took -5 1", "took 5 -1", "took 5 1.5", "took 5 1e3", "took 5 0x10", "took 5 +1"],
    ...["took 5 9007199254740993", "took 5 Infinity", "took 5 NaN", "done 5", "done 5 ", "done 5 1 0", "done 1 0"],
    ...["ended 5 0", "ended 5 0 1 2 3", "ended 5 0 1 2 3 0 0", "ended 5 0 1 2 3 ", "ended 1 0 1 2 3 0"],
    ...["ended 5 0 -1 2 3 0", "ended 5 0 1.5 2 3 0"],
  ];
  for (const line of hostile) throws(() => parseReport(line), SyntaxError, JSON.stringify(line));
});

Deno.test("lines are whole however the bytes come", () => {
  const lines = ["ready", "", "refused ü€😀", "took 5 1"];
  const bytes = encoder.encode(lines.join("\n") + "\ndone");
  for (const chunks of splits(bytes)) {
    const reader = new LineReader();
    deepEqual(chunks.flatMap((chunk) => reader.lines(chunk)), lines);
    deepEqual(reader.lines(encoder.encode(" 5 0\n")), ["done 5 0"]);
  }
});

Deno.test("a line without an end is not kept for ever, and what follows it is read", () => {
  const reader = new LineReader();
  const chunk = encoder.encode("x".repeat(1000));
  for (let i = 0; i < 4; i++) equal(reader.lines(chunk).length, 0);
  throws(() => reader.lines(chunk), RangeError);
  deepEqual(reader.lines(encoder.encode("its end\ntook 5 1\n")), ["its end", "took 5 1"]);
});
