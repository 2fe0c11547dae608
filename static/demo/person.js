/** Draws a person into a row of the page: avatar, line, activity and devices. The dot draws itself. */

import { activityWords } from "./words.js";

const KINDS = { web: "browser", mobile: "phone", desktop: "desktop app", bot: "bot" };

/** A steady hue for each name, so that people are told apart at a glance. */
function hue(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 3600;
  return (sum * 47) % 360;
}

/** Puts the initials and the colour of `name` into an avatar. */
export function paintAvatar(avatar, name) {
  avatar.querySelector(".initials").textContent = [...name][0].toUpperCase();
  avatar.style.setProperty("--hue", hue(name));
}

/** Shows a record in a row, with `words` as its line; without one, that nothing is known yet. */
export function paintPerson(row, record, words) {
  const status = record?.status ?? "unknown";
  row.dataset.status = status;
  const place = row.querySelector(".line");
  if (place.textContent !== words) {
    place.textContent = words;
    place.title = words;
  }
}

/** Shows what a user is doing, e.g. "In a call", beside the name. */
export function paintActivity(tag, activity) {
  tag.hidden = !activity;
  tag.querySelector(".words").textContent = activity ? activityWords(activity) : "";
}

/** Shows the kinds of a user's live devices. */
export function paintDevices(place, kinds = []) {
  const key = kinds.join(" ");
  if (place.dataset.kinds === key) return;
  place.dataset.kinds = key;
  place.replaceChildren(...kinds.map(deviceIcon));
}

function deviceIcon(kind) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
  title.textContent = `On a ${KINDS[kind] ?? kind}`;
  icon.setAttribute("class", "icon");
  icon.setAttribute("role", "img");
  icon.setAttribute("aria-label", title.textContent);
  use.setAttribute("href", `#${kind in KINDS ? kind : "web"}`);
  icon.append(title, use);
  return icon;
}

