// The control API of the sandbox: what people do, and what there is to see.

import { me } from "./store.js";

export class Refused extends Error {}

async function call(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused("the workspace does not answer");
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

/** Let the person of this tab do something: `act("say", {channel, text})`. */
export const act = (name, body) => post(`/people/${me().id}/${name}`, body);

export const mine = (what) => get(`/people/${me().id}/${what}`);
