/** Words as shells read them: nothing in them is run, or stands for anything else. */

/** For bash, zsh and other shells of POSIX. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** For fish, where a backslash means something between quotes. */
export function quoteFish(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
