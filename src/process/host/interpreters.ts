/** Which languages can be run here. */

import type { Language } from "../language.ts";
import { findInterpreter, Languages } from "../languages.ts";
import { bad, type Finding, type HostCheck, ok, warn } from "./fact.ts";

/** What most people write services in. */
const COMMON = ["javascript", "node", "python", "ruby", "php", "go", "rust", "java", "c", "bash", "sh"];

/** The check. */
export const interpreters: readonly HostCheck[] = [{ name: "languages", look: languages }];

function languages(): Finding {
  const all = new Languages().all.filter((language) => language.interpreters);
  const missing = all.filter((language) => !findInterpreter(language));
  const found = `${all.length - missing.length} of ${all.length} found`;
  if (missing.length === all.length) {
    return bad(`${found}: nothing can be run`, "sluice languages");
  }
  const common = missing.filter(({ name }) => COMMON.includes(name));
  if (common.length === 0) return ok(`${found}, all common ones among them`);
  return warn(
    `${found}; missing of the common ones: ${common.map(({ name }) => name).join(", ")}`,
    howToInstall(common),
  );
}

function howToInstall(missing: readonly Language[]): string {
  const packages = missing.map(({ install }) => install).filter((text) => /^[a-z0-9.+-]+$/.test(text ?? ""));
  return packages.length === missing.length
    ? `apt-get install ${[...new Set(packages)].join(" ")}`
    : "sluice languages";
}
