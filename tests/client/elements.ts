// Uses the elements as their types promise them; checked by tests/client/test_package.py, never run.

import { connect } from "sse-presence";
import { PresenceBadge, provide, TypingIndicator } from "sse-presence/elements";

const names = new Map([["7", "Ann"]]);
const stop: () => void = provide(connect({ auth: "cookie" }), {
  name: (user) => names.get(user) ?? user,
  locale: "de",
  words: { online: "Da", others: (count) => `${count} weitere`, typing: (who, count) => `${who} ${count}` },
});
provide(undefined);
stop();

const badge: PresenceBadge = document.createElement("presence-badge");
badge.user = "7";
const indicator: TypingIndicator | null = document.querySelector("typing-indicator");

// @ts-expect-error there is no such word
provide(undefined, { words: { away: "Away" } });

export { indicator };
