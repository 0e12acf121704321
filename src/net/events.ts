/** Events of hubs and of their clients. */

/** An `EventTarget` whose events have types; what nobody listens to is not made. */
export class Events<Details extends Record<string, unknown>> extends EventTarget {
  readonly #heard = new Set<string>();

  /** As `EventTarget` has it; the event's `detail` is what `Details` has under its name. */
  override addEventListener<Name extends keyof Details & string>(
    name: Name,
    listener: ((event: CustomEvent<Details[Name]>) => void) | EventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    this.#heard.add(name);
    super.addEventListener(name, listener as EventListener, options);
  }

  /** Tells listeners. What one of them throws is reported to the runtime, and ends nothing here. */
  protected emit<Name extends keyof Details & string>(name: Name, detail: Details[Name]): void {
    if (this.#heard.has(name)) this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
