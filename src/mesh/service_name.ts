/** Names of services, and their versions. */

// @ts-types="@types/semver"
import { parse } from "semver";
import { meshLimits } from "./limits.ts";

/** As in the registry, an `@` at most at its beginning: the next one begins a range of versions. */
const SERVICE = /^@?[A-Za-z0-9._\/-]+$/;

/** True for the name of a service. */
export function isServiceName(text: string): boolean {
  return text.length <= meshLimits.serviceNameBytes && SERVICE.test(text);
}

/** Checks it. @throws {TypeError} when it is none */
export function checkServiceName(text: string): string {
  if (isServiceName(text)) return text;
  throw new TypeError(
    `Cannot use ${
      JSON.stringify(text.slice(0, 80))
    } as the name of a service: it has 1 to ${meshLimits.serviceNameBytes} letters, digits and . _ - / in it, such as "web"`,
  );
}

/** True for a version, written without anything before it, and for none. */
export function isServiceVersion(text: string): boolean {
  return text === "" || text.length <= meshLimits.versionBytes && /^\d\S*$/.test(text) && parse(text) !== null;
}

/** Checks it. @throws {TypeError} when it is none */
export function checkServiceVersion(text: string): string {
  if (isServiceVersion(text)) return text;
  throw new TypeError(
    `Cannot use ${JSON.stringify(text.slice(0, 80))} as a version: it is no semantic version such as 1.2.3`,
  );
}
