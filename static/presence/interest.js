/**
 * What is watched, and the channels to be in. Pure.
 *
 * Each wish is a text, its kind and its id ("users ann"), so that wishes can be counted, compared and sent to
 * other pages as they are.
 */

const WATCHED = ["users", "channels", "members"];

/** The wishes of `{users, channels, members, join}`. A text alone is one id, not its letters. */
export function wishes(interest) {
  const list = (ids) => (typeof ids === "string" ? [ids] : [...(ids ?? [])]);
  return [...WATCHED, "join"].flatMap((kind) => list(interest[kind]).map((id) => `${kind} ${id}`));
}

/** The ids of one kind. */
export function ids(wishes, kind) {
  return wishes.filter((wish) => wish.startsWith(`${kind} `)).map((wish) => wish.slice(kind.length + 1));
}

/** What is to be watched of it, as the service takes it. */
export function lists(wishes) {
  return Object.fromEntries(WATCHED.map((kind) => [kind, ids(wishes, kind)]));
}

/** Those of them that name one of `{users, channels}`: of a channel, both it and its members are. */
export function named(wishes, { users = [], channels = [] }) {
  const all = new Set([
    ...users.map((id) => `users ${id}`),
    ...channels.flatMap((id) => [`channels ${id}`, `members ${id}`]),
  ]);
  return wishes.filter((wish) => all.has(wish));
}

export function without(wishes, others) {
  const left = new Set(others);
  return wishes.filter((wish) => !left.has(wish));
}

/** The wishes of many: what two of them ask for stays until both have let it go. */
export class Counted {
  #counts = new Map();

  add(wishes, by = 1) {
    for (const wish of wishes) {
      const count = (this.#counts.get(wish) ?? 0) + by;
      if (count > 0) this.#counts.set(wish, count);
      else this.#counts.delete(wish);
    }
  }

  get all() {
    return [...this.#counts.keys()];
  }
}
