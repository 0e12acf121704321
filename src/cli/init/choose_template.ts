/** Which template a name means, and what can run it. */

import { nearest } from "../../bytes/nearest.ts";
import { Languages } from "../../process/languages.ts";
import type { Language } from "../../process/language.ts";
import { UsageError } from "../usage.ts";
import type { Template } from "./template.ts";
import { templates } from "./templates.ts";

/** What a project begins with where nothing is said. */
export const DEFAULT_TEMPLATE = "python";

/**
 * The template of a name, or of another name of its language.
 *
 * @throws {UsageError} when there is none
 */
export function templateNamed(name: string): Template {
  const wanted = name.toLowerCase();
  const language = new Languages().all.find((language) => isCalled(language, wanted))?.name ?? wanted;
  const found = templates.find((template) => template.name === language || template.also?.includes(language));
  if (found) return found;
  const names = templates.map((template) => template.name);
  const meant = nearest(wanted, names);
  const hint = meant ? `did you mean ${meant}?` : `there are ${names.join(", ")}`;
  throw new UsageError(`Cannot begin with ${JSON.stringify(name)}: it is no template; ${hint}`);
}

/** The language of a template's program. */
export function languageOf(template: Template): Language {
  return new Languages().named(template.name);
}

function isCalled({ name, aliases }: Language, wanted: string): boolean {
  return name === wanted || (aliases?.includes(wanted) ?? false);
}
