// Input blocks: label, control, hint and error.

import { el, uid } from "./dom.js";
import { field } from "./fields.js";
import { elementKey } from "./elements.js";
import { plain } from "./mrkdwn.js";

const WRITTEN = new Set(["plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "datepicker", "timepicker", "datetimepicker", "file_input"]);

export function input(block, surface) {
  const inner = block.element;
  const key = elementKey(block, inner);
  const id = uid("input");
  const hint = block.hint && el("p", { class: "hint", id: `${id}-hint` }, plain(block.hint.text));
  const problem = surface.errors?.[block.block_id];
  const wrong = el("p", { class: "wrong", id: `${id}-wrong`, role: "alert", hidden: !problem }, problem);
  const labelled = WRITTEN.has(inner.type);
  const optional = block.optional && el("span", { class: "optional" }, " (optional)");
  const control = field(inner, {
    key, surface, id: labelled ? id : undefined, label: block.label.text, optional: block.optional,
    describedby: [hint && `${id}-hint`, `${id}-wrong`].filter(Boolean).join(" "),
    value: surface.value?.(key),
    onenter: surface.enter,
    onchange: (value, how) => {
      surface.keep(key, value);
      if (block.dispatch_action && dispatches(inner, how)) surface.press(key, value);
    },
  });
  return el(
    "div",
    { class: problem ? "block input bad" : "block input", data: { block: block.block_id } },
    el(labelled ? "label" : "div", { class: "label", for: labelled ? id : undefined }, plain(block.label.text), optional),
    control,
    wrong,
    hint,
  );
}

/** Whether a change is dispatched now: text on Enter (or per character if configured), everything else at once. */
function dispatches(inner, how) {
  if (!how) return true;
  const on = inner.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  return (how === "enter" && on.includes("on_enter_pressed")) || (how === "typed" && on.includes("on_character_entered"));
}
