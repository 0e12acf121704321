/** scripts/install.sh for one release: it knows where its archives are kept, and which version it installs. */

/**
 * Writes both into it.
 *
 * @param base URL of the folder with the archives; without one, whoever installs has to give it
 * @throws {TypeError} for a URL that the script would refuse, or that a shell would take apart
 */
export function bakeInstallScript(script: string, version: string, base?: string): string {
  if (base !== undefined && !(URL.canParse(base) && /^https:\/\/[^'@\s?#]+$/.test(base))) {
    throw new TypeError(`Cannot install from ${base}: it is an https URL without user, query and quotes`);
  }
  const baked = set(script, "VERSION", version);
  return base === undefined ? baked : set(baked, "BASE", base);
}

function set(script: string, name: string, value: string): string {
  const line = `\n${name}=''\n`;
  if (script.split(line).length !== 2) throw new Error(`Cannot set ${name} in install.sh: it has no line ${name}=''`);
  return script.replace(line, () => `\n${name}='${value}'\n`);
}
