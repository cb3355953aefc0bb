// Interactive elements outside input blocks: buttons, menus and pickers in messages, modals and the home tab.

import { button, notice } from "./dom.js";
import { ask } from "./dialogs.js";
import { icon } from "./icons.js";
import { safeUrl } from "./chips.js";
import { plain, textObject } from "./mrkdwn.js";
import { menu } from "./popup.js";
import { field } from "./fields.js";
import { withEmoji } from "./emoji.js";

export const elementKey = (block, inner) => `${block.block_id}/${inner.action_id}`;

/** An element that sends an action at once, through `surface.press(key, option)`. */
export function element(block, inner, surface) {
  const key = elementKey(block, inner);
  if (inner.type === "button" || inner.type === "workflow_button") return pressable(key, inner, surface);
  if (inner.type === "overflow") return overflow(key, inner, surface);
  const label = inner.placeholder?.text ?? block.text?.text ?? inner.type.replaceAll("_", " ");
  return field(inner, {
    key, label, surface, value: surface.value?.(key),
    onchange: async (value) => {
      surface.keep?.(key, value);
      if (await agreed(inner.confirm)) await send(surface, key, value);
    },
  });
}

const agreed = (confirm) =>
  !confirm ||
  ask({
    title: confirm.title?.text ?? "Are you sure?",
    body: textObject(confirm.text),
    confirm: confirm.confirm?.text ?? "Yes",
    deny: confirm.deny?.text ?? "Cancel",
    danger: confirm.style === "danger",
  });

function pressable(key, inner, surface) {
  const node = button(
    plain(inner.text.text),
    async () => {
      if (node.getAttribute("aria-busy") === "true" || !(await agreed(inner.confirm))) return;
      const address = inner.url && safeUrl(inner.url);
      if (address) open(address, "_blank", "noopener");
      node.setAttribute("aria-busy", "true");
      await send(surface, key);
      node.removeAttribute("aria-busy");
    },
    { class: `kit ${inner.style ?? ""}`, "aria-label": inner.accessibility_label, data: { key } },
  );
  return node;
}

function overflow(key, inner, surface) {
  const node = button(
    icon("more"),
    () =>
      menu(
        node,
        inner.options.map((option) => ({
          label: withEmoji(option.text.text),
          hint: option.description?.text,
          run: async () => {
            const address = option.url && safeUrl(option.url);
            if (address) open(address, "_blank", "noopener");
            if (await agreed(inner.confirm)) await send(surface, key, option);
          },
        })),
        "More actions",
      ),
    { class: "kit overflow", "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false", data: { key } },
  );
  return node;
}

async function send(surface, key, option) {
  try {
    const reply = await surface.press(key, option);
    if (reply && !reply.ok) notice(`The app did not answer (${reply.error}). Try again.`, "bad");
  } catch (problem) {
    notice(`That did not work: ${problem.message}`, "bad");
  }
}
