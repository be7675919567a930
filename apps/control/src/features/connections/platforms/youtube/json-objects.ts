/**
 * Objects out of JSON that is read as it grows: the elements of an array that
 * is never closed, or one object after the other.
 */
export class JsonObjects {
  #begun = "";
  #depth = 0;
  #isText = false;
  #isEscaped = false;

  /** The objects that end in what came. Throws `SyntaxError` where one is none, `RangeError` where one gets longer than `most`. */
  take(came: string, most: number): unknown[] {
    const found: unknown[] = [];
    let start = 0;
    for (let at = 0; at < came.length; at++) {
      const character = came[at];
      if (this.#isText) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (character === "\\") this.#isEscaped = true;
        else if (character === '"') this.#isText = false;
      } else if (character === '"') this.#isText = this.#depth > 0;
      else if (character === "{") {
        if (this.#depth === 0) start = at;
        this.#depth += 1;
      } else if (character === "}" && this.#depth > 0) {
        this.#depth -= 1;
        if (this.#depth > 0) continue;
        found.push(JSON.parse(this.#begun + came.slice(start, at + 1)));
        this.#begun = "";
      }
    }
    if (this.#depth > 0) this.#begun += came.slice(start);
    if (this.#begun.length > most) throw new RangeError("an object is too long");
    return found;
  }
}
