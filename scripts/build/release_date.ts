/** The date that all files of a release have, so that the same sources give the same bytes whenever they are built. */

import $ from "dax";

/**
 * `SOURCE_DATE_EPOCH` where packagers set it (https://reproducible-builds.org/specs/source-date-epoch/), else the date of
 * the last commit.
 *
 * @throws {Error} when there is neither
 */
export async function releaseDate(root: string): Promise<Date> {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  const text = given ?? await $`git log -1 --format=%ct`.cwd(root).quiet().noThrow().text();
  const seconds = Number(text.trim() || NaN);
  if (Number.isSafeInteger(seconds) && seconds >= 0) return new Date(seconds * 1000);
  const why = given === undefined ? "there is no commit here" : `SOURCE_DATE_EPOCH is ${JSON.stringify(given)}`;
  throw new Error(`Cannot date the release: ${why}; set SOURCE_DATE_EPOCH to seconds since 1970`);
}
