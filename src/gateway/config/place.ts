/** A value's place in the file that is being read: where it is told what is wrong with it. */

import { resolve } from "node:path";
import type { Languages } from "../../process/languages.ts";
import { ConfigError, type Fault, keyText, type Path } from "./fault.ts";
import type { ConfigDocument } from "./text/document.ts";

/** What the meaning of a file depends on besides its text. */
export interface Surroundings {
  /** Where relative paths begin. */
  readonly folder: string;
  readonly languages: Languages;
  /** Our own variables; undefined for one that is not set. */
  readonly variable: (name: string) => string | undefined;
  /** This process is a hub of the registry too, or a node of the mesh. */
  readonly isHub: boolean;
  readonly isNode: boolean;
}

/** One file, with what was found wrong so far. */
export class Reading {
  readonly document: ConfigDocument;
  readonly surroundings: Surroundings;
  readonly #faults = new Map<string, Fault>();
  readonly #faulty: Path[] = [];

  /** Begins one. */
  constructor(document: ConfigDocument, surroundings: Surroundings) {
    this.document = document;
    this.surroundings = surroundings;
  }

  /** The place of the whole. */
  get root(): Place {
    return new Place(this, []);
  }

  /** Notes what is wrong; the same is noted once. */
  add(path: Path, message: string): void {
    const key = keyText(path);
    this.#faulty.push(path);
    this.#faults.set(`${key}\0${message}`, {
      file: this.document.file,
      ...this.document.positionOf(path),
      key,
      message,
    });
  }

  /** True when nothing wrong was found so far. */
  get isClean(): boolean {
    return this.#faults.size === 0;
  }

  /** True when nothing wrong was found so far at a path, or below it. */
  isCleanAt(path: Path): boolean {
    return !this.#faulty.some((faulty) => path.every((step, depth) => step === faulty[depth]));
  }

  /** @throws {ConfigError} when anything is wrong */
  check(): void {
    if (this.#faults.size > 0) throw new ConfigError([...this.#faults.values()]);
  }
}

/** The place of one value. */
export class Place {
  readonly reading: Reading;
  readonly path: Path;

  /** Makes one. */
  constructor(reading: Reading, path: Path) {
    this.reading = reading;
    this.path = path;
  }

  /** The place of a member or item, of one inside it, and so on. */
  at(...steps: Path): Place {
    return new Place(this.reading, [...this.path, ...steps]);
  }

  /** Notes what is wrong with the value. */
  fault(message: string): undefined {
    this.reading.add(this.path, message);
  }

  /** What the meaning of values depends on. */
  get surroundings(): Surroundings {
    return this.reading.surroundings;
  }

  /** An absolute path of one in the file. */
  resolve(path: string): string {
    return resolve(this.surroundings.folder, path);
  }

  /** Where it stands, for messages: `routes[3], line 12`. */
  get where(): string {
    return `${keyText(this.path)}, line ${this.line}`;
  }

  /** Its line, from 1. */
  get line(): number {
    return this.reading.document.positionOf(this.path).line;
  }
}
