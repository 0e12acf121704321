/** Events of hubs and of their clients. */

/** How events are listened to, as `EventTarget` has it; not every runtime's types name it alike. */
export interface ListenOptions {
  /** Listen once only. Default: false. */
  readonly once?: boolean;
  /** Ends the listening. */
  readonly signal?: AbortSignal;
}

/** Takes events with such a `detail`. */
export type Listener<Detail> = ((event: CustomEvent<Detail>) => void) | {
  handleEvent(event: CustomEvent<Detail>): void;
};

/** An `EventTarget` whose events have types; what nobody listens to is not made. */
export class Events<Details extends Record<string, unknown>> extends EventTarget {
  readonly #heard = new Set<string>();

  /** As `EventTarget` has it; the event's `detail` is what `Details` has under its name. */
  override addEventListener<Name extends keyof Details & string>(
    name: Name,
    listener: Listener<Details[Name]> | null,
    options?: boolean | ListenOptions,
  ): void {
    this.#heard.add(name);
    super.addEventListener(name, listener as EventListener, options);
  }

  /** Tells listeners. What one of them throws is reported to the runtime, and ends nothing here. */
  protected emit<Name extends keyof Details & string>(name: Name, detail: Details[Name]): void {
    if (this.#heard.has(name)) this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
