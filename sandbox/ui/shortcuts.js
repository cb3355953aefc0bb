// Use a global shortcut of the app.

import { act } from "./api.js";
import { notice } from "./dom.js";
import { store } from "./store.js";

export async function useShortcut(shortcut) {
  try {
    const reply = await act("shortcut", { name: shortcut.callback_id });
    if (!reply.ok) notice(`${store.app.name} did not answer (${reply.error}). Try again.`, "bad");
  } catch (problem) {
    notice(`That did not work: ${problem.message}`, "bad");
  }
}
