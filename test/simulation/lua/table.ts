/** nil is `undefined`; strings hold bytes (latin1). */
export type LuaValue = undefined | boolean | number | string | LuaTable | LuaFunction;
export type LuaFunction = (...args: LuaValue[]) => LuaValue[];

/** A table of Lua: what is at 1, 2, ... lies in a list, the rest in a map. */
export class LuaTable {
  /** Element i is at key i + 1. The last one is never nil. */
  readonly list: LuaValue[];
  #map: Map<LuaValue, LuaValue> | undefined;

  constructor(list: LuaValue[] = []) {
    this.list = list;
    this.#trim();
  }

  get(key: LuaValue): LuaValue {
    if (typeof key === 'number' && key >= 1 && key <= this.list.length && Number.isInteger(key)) {
      return this.list[key - 1];
    }
    return this.#map?.get(key);
  }

  set(key: LuaValue, value: LuaValue): void {
    const { list } = this;
    if (typeof key === 'number' && key >= 1 && key <= list.length + 1 && Number.isInteger(key)) {
      if (key <= list.length) {
        list[key - 1] = value;
        if (value === undefined) this.#trim();
      } else if (value !== undefined) {
        list.push(value);
        this.#map?.delete(key);
        this.#takeOver();
      } else this.#map?.delete(key);
      return;
    }
    if (key === undefined || Number.isNaN(key)) throw new Error('table index is nil or NaN');
    if (value === undefined) this.#map?.delete(key);
    else {
      this.#map ??= new Map();
      this.#map.set(key, value);
    }
  }

  get length(): number {
    return this.list.length;
  }

  *entries(): Generator<[LuaValue, LuaValue]> {
    for (let i = 0; i < this.list.length; i++) if (this.list[i] !== undefined) yield [i + 1, this.list[i]];
    if (this.#map !== undefined) yield* this.#map;
  }

  #takeOver(): void {
    if (this.#map === undefined || this.#map.size === 0) return;
    for (let next = this.#map.get(this.list.length + 1); next !== undefined; ) {
      this.#map.delete(this.list.length + 1);
      this.list.push(next);
      next = this.#map.get(this.list.length + 1);
    }
  }

  #trim(): void {
    const { list } = this;
    while (list.length > 0 && list[list.length - 1] === undefined) list.pop();
  }
}
