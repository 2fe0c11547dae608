/**
 * What is watched: users, channels, channels whose members are watched, channels to be in. Pure.
 *
 * The content of an interest is `{users, channels, members, join}`, each a Set of ids.
 */

export const WATCHED = ["users", "channels", "members"];
const KINDS = [...WATCHED, "join"];

/** A content that asks for nothing. */
export function nothing() {
  return union([]);
}

/** All that any of the contents asks for. */
export function union(contents) {
  return Object.fromEntries(
    KINDS.map((kind) => [kind, new Set(contents.flatMap((content) => [...(content[kind] ?? [])]))]),
  );
}

/** What `content` has and `other` has not, as `[kind, id]` pairs; of what is watched only. */
export function missing(content, other) {
  return WATCHED.flatMap((kind) => [...content[kind]].filter((id) => !other[kind].has(id)).map((id) => [kind, id]));
}

/** `[kind, id]` pairs as the lists of a request. */
export function lists(pairs) {
  return Object.fromEntries(
    WATCHED.map((kind) => [kind, pairs.filter(([of]) => of === kind).map(([, id]) => id)]),
  );
}

/** An interest of many askers: what two of them ask for stays until both have let it go. */
export class Counted {
  #counts = Object.fromEntries(KINDS.map((kind) => [kind, new Map()]));

  add(interest) {
    this.#count(interest, 1);
  }

  remove(interest) {
    this.#count(interest, -1);
  }

  get content() {
    return union([Object.fromEntries(KINDS.map((kind) => [kind, this.#counts[kind].keys()]))]);
  }

  #count(interest, by) {
    for (const kind of KINDS) {
      const counts = this.#counts[kind];
      for (const id of interest[kind] ?? []) {
        const count = (counts.get(id) ?? 0) + by;
        if (count > 0) counts.set(id, count);
        else counts.delete(id);
      }
    }
  }
}
