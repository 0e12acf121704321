/** What the text of a file turned out to hold. */

import type { Path } from "../fault.ts";
import type { Position, Positions } from "./positions.ts";

/** What is wrong with a text. */
export interface Problem {
  readonly position: Position;
  readonly path: Path;
  readonly message: string;
}

/** A text that was read, or why it can't be. */
export interface Parsed {
  readonly data: unknown;
  readonly positions: Positions;
  readonly problems: readonly Problem[];
  /** Values that carry a tag of YAML that is not of the standard. */
  readonly tags: readonly { readonly path: Path; readonly tag: string }[];
}

/** A text that is none of its format. */
export function unreadable(positions: Positions, position: Position, message: string): Parsed {
  return { data: undefined, positions, problems: [{ position, path: [], message }], tags: [] };
}
