/**
 * The public conformance suite of the Durable Streams protocol, from npm, run under vitest in a folder of its own: it is
 * no dependency of the project, and it has no part in its lock file.
 */

import { join } from "node:path";
import { within } from "../../../support/within.ts";

/** What is installed, each in one version, so that a new case upstream never fails a build by surprise. */
const DEPENDENCIES = { "@durable-streams/server-conformance-tests": "0.3.6", vitest: "4.1.12" };
/** The suite takes about 20 s, most of it spent waiting for streams to expire. */
const SUITE_MS = 180_000;

/** What came of a run. */
export interface SuiteReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of cases that failed, each with the first line of why. */
  readonly failures: readonly string[];
}

/** Which cases to run. */
export interface SuiteOptions {
  /** How long the server's long-polls wait, milliseconds. */
  readonly longPollTimeoutMs: number;
  /** Also those of the reserved paths for subscriptions. */
  readonly subscriptions: boolean;
}

/** Runs the suite against a server. */
export async function runSuite(baseUrl: string, options: SuiteOptions): Promise<SuiteReport> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-conformance-" });
  try {
    await Deno.writeTextFile(join(folder, "package.json"), packageFile());
    await Deno.writeTextFile(join(folder, "suite.test.js"), testFile({ baseUrl, ...options }));
    await deno(["install", "--quiet"], folder);
    const report = join(folder, "report.json");
    const vitest = ["run", "--root", folder, "--pool=threads", "--reporter=json", `--outputFile=${report}`];
    const said = await deno(["run", "-A", "--quiet", "npm:vitest", ...vitest], folder, true);
    return parseReport(
      await Deno.readTextFile(report).catch(() => {
        throw new Error(`The suite left no report; it said:\n${said}`);
      }),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function packageFile(): string {
  return JSON.stringify({ name: "conformance", private: true, type: "module", dependencies: DEPENDENCIES });
}

function testFile(options: SuiteOptions & { baseUrl: string }): string {
  return [
    `import { runConformanceTests } from "@durable-streams/server-conformance-tests";`,
    `runConformanceTests(${JSON.stringify(options)});`,
  ].join("\n");
}

/** Runs Deno in a folder; gives what it said. Fails when that fails, unless failing is an outcome. */
async function deno(args: string[], cwd: string, mayFail = false): Promise<string> {
  const env = { NO_COLOR: "1", CI: "1" };
  const child = new Deno.Command(Deno.execPath(), { args, cwd, env, stdin: "null", stdout: "piped", stderr: "piped" })
    .spawn();
  const output = child.output();
  try {
    const { code, stdout, stderr } = await within(`deno ${args[0]} ends`, output, SUITE_MS);
    const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n").slice(-4000);
    if (code !== 0 && !mayFail) throw new Error(`deno ${args.join(" ")} failed:\n${said}`);
    return said;
  } catch (error) {
    try {
      child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await output;
    throw error;
  }
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function parseReport(json: string): SuiteReport {
  const report: VitestReport = JSON.parse(json);
  const cases = report.testResults.flatMap((file) => file.assertionResults);
  if (cases.length === 0) throw new Error(`The suite has no cases: ${report.testResults[0]?.message}`);
  const failures = cases.filter(({ status }) => status === "failed")
    .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]?.split("\n", 1)[0]}`);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests,
    failures,
  };
}
