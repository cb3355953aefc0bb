// Client of the sandbox's control API.

import { currentUser } from "./store.js";

export class Refused extends Error {}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused("the workspace is not reachable");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const refusal = new Refused(body.detail || body.error || `status ${response.status}`);
    refusal.status = response.status;
    throw refusal;
  }
  return body;
}

export const get = (path) => call(`/sandbox${path}`);

export const post = (path, body = {}, method = "POST") =>
  call(`/sandbox${path}`, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Perform an action as this tab's user: `act("say", {channel, text})`. Rejects with `Refused`. */
export const act = (name, body) => post(`/people/${currentUser().id}/${name}`, body);

/** Read something that belongs to this tab's user: `mine("views")`. */
export const mine = (path) => get(`/people/${currentUser().id}/${path}`);
