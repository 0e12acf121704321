/** One line on a terminal that is written over while something goes on. */

import { printable } from "../../bytes/printable.ts";
import { tellStderr } from "../output.ts";
import { terminal } from "./terminal.ts";
import { shortened } from "./text_width.ts";

/** To the beginning of the line, and what was there is gone (ECMA-48, EL). */
const CLEAR = "\r\x1b[K";

/** The line that the cursor is in. */
export class StatusLine {
  /** Shows a text in place of the one before. */
  show(text: string): void {
    // It is asked each time: the window may have been made wider. A line that wraps could not be written over.
    const { columns = Infinity } = terminal("stderr");
    tellStderr(CLEAR + shortened(printable(text), columns - 1));
  }

  /** Takes the text away: what is written next stands in its place. */
  clear(): void {
    tellStderr(CLEAR);
  }

  /** Leaves the text as it is; what is written next stands below. */
  leave(): void {
    tellStderr("\n");
  }
}
