/** A slow, plain parser of server-sent events, after the letter of the HTML standard (§9.2.6). */

/** An event as a browser dispatches it. */
export interface ParsedEvent {
  readonly type: string;
  readonly data: string;
  /** The last id when it was dispatched. */
  readonly id: string;
}

/** Takes a whole event stream apart. */
export function parseEvents(text: string): ParsedEvent[] {
  const events: ParsedEvent[] = [];
  let [type, data, id] = ["", "", ""];
  for (const line of text.split(/\r\n|\r|\n/).slice(0, -1)) {
    if (line === "") {
      if (data !== "") events.push({ type: type || "message", data: data.slice(0, -1), id });
      [type, data] = ["", ""];
      continue;
    }
    const [, name, value] = /^([^:]*):? ?([^]*)$/.exec(line)!;
    if (name === "event") type = value;
    else if (name === "data") data += value + "\n";
    else if (name === "id") id = value;
  }
  return events;
}
