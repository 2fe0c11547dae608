/**
 * Elements for any page: importing this defines them.
 *
 * ```html
 * <presence-badge user="ann">Ann</presence-badge>
 * <typing-indicator channel="general"></typing-indicator>
 * ```
 */

import type { Presence } from "./presence.js";

/**
 * Gives all elements of the page, now and later, what to show; a second call replaces the first. Gives a
 * function that ends this, unless another call has replaced it.
 */
export function provide(presence: Presence | undefined, options?: ProvideOptions): () => void;

export interface ProvideOptions {
  /** The name of a user, from an id. Default: the id. */
  name?: (user: string) => string;
  /** The language of times and lists, e.g. `de`. Default: `en`. */
  locale?: string;
  /** The words that differ from the English ones. */
  words?: Partial<Words>;
}

export interface Words {
  online: string;
  idle: string;
  dnd: string;
  invisible: string;
  offline: string;
  /** Nothing is known of the user yet. */
  unknown: string;
  /** The connection is lost: this was so. */
  old: string;
  web: string;
  mobile: string;
  desktop: string;
  bot: string;
  /** Less than five minutes ago. */
  now: string;
  /** Less than twenty. */
  minutes: string;
  /** Less than two hours, and at least one. */
  hour: string;
  /** "on phone and browser". */
  on: (kinds: string) => string;
  /** "2 others". */
  others: (count: number) => string;
  /** "Ann and 2 others are typing"; `count` is that of all. */
  typing: (who: string, count: number) => string;
}

/**
 * `<presence-badge user>`: dot, words and devices of one user. Its content stands after the dot.
 *
 * Attributes: `user`; `compact` (the dot alone). Set by the element, for style sheets: `status`, and `old`
 * while the connection is lost. Parts: `dot`, `mark`, `words`, `devices`. Properties: `--presence-online`,
 * `--presence-idle`, `--presence-dnd`, `--presence-invisible`, `--presence-offline`, `--presence-size`.
 */
export class PresenceBadge extends HTMLElement {
  user: string | null;
}

/**
 * `<typing-indicator channel>`: who types in a channel, without oneself.
 *
 * Attribute: `channel`. Set by the element, for style sheets: `active` while somebody types. Parts: `dots`,
 * `words`. Property: `--presence-typing`, the colour of the dots.
 */
export class TypingIndicator extends HTMLElement {
  channel: string | null;
}

declare global {
  interface HTMLElementTagNameMap {
    "presence-badge": PresenceBadge;
    "typing-indicator": TypingIndicator;
  }
}
