/** Texts that may stand elsewhere: in a variable, or in a file. Messages never hold them. */

import { gatewayLimits } from "../../limits.ts";
import type { Place } from "../place.ts";
import type { RawSecret, RawSource } from "../raw.ts";

/** The text itself; undefined, with a fault noted, when it is not to be had. */
export function secretOf(place: Place, raw: RawSecret): string | undefined {
  if (typeof raw === "string") return raw;
  return isSource(place, raw) ? sourceText(place, raw) : undefined;
}

/** The same where a file may hold several, one a line. */
export function secretsOf(place: Place, raw: RawSecret): readonly string[] {
  const text = secretOf(place, raw);
  if (text === undefined || typeof raw === "string" || raw.file === undefined) return text === undefined ? [] : [text];
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
}

function isSource(place: Place, { env, file }: RawSource): boolean {
  if ((env === undefined) !== (file === undefined)) return true;
  place.fault(env === undefined ? "says nothing: give env or file" : "says both env and file: keep one");
  return false;
}

function sourceText(place: Place, { env, file }: RawSource): string | undefined {
  if (env !== undefined) {
    const value = place.surroundings.variable(env);
    return value || place.at("env").fault(`names the variable ${env}, which is ${value === "" ? "empty" : "not set"}`);
  }
  const at = place.at("file");
  try {
    const path = place.resolve(file!);
    const { size, isFile } = Deno.statSync(path);
    if (!isFile) return at.fault(`names ${file}, which is no file`);
    if (size > gatewayLimits.secretBytes) {
      return at.fault(`names ${file}, which is longer than ${gatewayLimits.secretBytes} bytes`);
    }
    return Deno.readTextFileSync(path).replace(/\r?\n$/, "") || at.fault(`names ${file}, which is empty`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return at.fault(`names ${file}, which is not there`);
    return at.fault(`names ${file}, which can't be read`); // why, the operator's own tools tell better
  }
}
