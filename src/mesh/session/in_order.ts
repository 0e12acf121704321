/** Values that are made side by side, and given on in the order in which they were asked for. */

/** A value that is awaited. */
interface Place<Item> {
  item: Item | undefined;
}

/** Gives on what it is given, at once where nothing before it is still awaited. */
export class InOrder<Item> {
  readonly #give: (item: Item) => void;
  readonly #fail: (error: unknown) => void;
  readonly #places: Place<Item>[] = [];

  constructor(give: (item: Item) => void, fail: (error: unknown) => void) {
    this.#give = give;
    this.#fail = fail;
  }

  /** How many are awaited, or behind one that is. */
  get waiting(): number {
    return this.#places.length;
  }

  /** Adds one that is there. */
  add(item: Item): void {
    if (this.#places.length === 0) this.#give(item);
    else this.#places.push({ item });
  }

  /** Adds one that will be there. */
  await(promise: Promise<Item>): void {
    const place: Place<Item> = { item: undefined };
    this.#places.push(place);
    promise.then((item) => {
      place.item = item;
      this.#advance();
    }, this.#fail);
  }

  #advance(): void {
    for (let first = this.#places[0]; first?.item !== undefined; first = this.#places[0]) {
      this.#places.shift();
      this.#give(first.item);
    }
  }
}
