/**
 * Elements for any page: `<presence-badge user="…">` and `<typing-indicator channel="…">`, which show what
 * `provide` gives them. Importing this defines them.
 */

import { provide } from "./elements/element.js";
import { PresenceBadge } from "./elements/presence-badge.js";
import { TypingIndicator } from "./elements/typing-indicator.js";

export { provide, PresenceBadge, TypingIndicator };

const elements = globalThis.customElements;
if (elements && !elements.get("presence-badge")) elements.define("presence-badge", PresenceBadge);
if (elements && !elements.get("typing-indicator")) elements.define("typing-indicator", TypingIndicator);
