/** Who is in the watched channels, as the service tells it. Pure. */

export class Rolls {
  /** channel → {count, members: Set, or undefined where there are too many to be told} */
  #channels = new Map();

  get(channel) {
    const { count = 0, members } = this.#channels.get(channel) ?? {};
    return { count, members: members && [...members] };
  }

  /** Takes one entry of a `channel` event: all members, or who came and went, or only how many there are. */
  apply({ channel, count, members, joined = [], left = [] }) {
    const known = members ?? this.#channels.get(channel)?.members ?? (joined.length === count ? [] : undefined);
    const now = known && new Set(known);
    for (const user of joined) now?.add(user);
    for (const user of left) now?.delete(user);
    this.#channels.set(channel, { count, members: now?.size === count ? now : undefined });
  }

  delete(channel) {
    this.#channels.delete(channel);
  }

  /** All of them, as the data of a `channel` event. */
  data() {
    return { channels: [...this.#channels.keys()].map((channel) => ({ channel, ...this.get(channel) })) };
  }
}
