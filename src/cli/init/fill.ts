/** Templates are filled in one pass: what a value holds is never a place to fill again. */

/**
 * Puts values where `{{name}}` stands.
 *
 * @throws {TypeError} for a place without a value
 */
export function fill(template: string, values: Readonly<Record<string, string>>, words = ""): string {
  return template.replace(/"\{\{sluice\}\}"|\{\{(\w+)\}\}/g, (_, name?: string) => {
    if (name === undefined) return words;
    if (Object.hasOwn(values, name)) return values[name];
    throw new TypeError(`Cannot fill a template: it asks for ${name}, which has no value`);
  });
}
