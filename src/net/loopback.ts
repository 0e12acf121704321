/** Hosts that only this machine reaches. */

/** True for them: to everybody else they mean another machine. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}
