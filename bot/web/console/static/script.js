// The console works without this. It keeps pages up to date by themselves, and a form from being sent twice.
"use strict";
// The earlier entries of a timeline, which are added below the newest without leaving the page.
const earlier = document.createElement("ol");
earlier.className = "timeline";
earlier.reversed = true;
const place = () => { if (!earlier.isConnected) document.querySelector("[data-part=timeline]").after(earlier); };
const keepEarlier = (before, now) => {
  if (!before.length || !now.length) return;
  const shown = new Set(now.map((each) => each.dataset.seq));
  if (!before.some((each) => shown.has(each.dataset.seq))) {  // more came at once than are shown
    if (!document.querySelector("details[open]")) location.reload();
    return;
  }
  const least = Math.min(...[...shown].map(Number));
  earlier.prepend(...before.filter((each) => Number(each.dataset.seq) < least));
  if (earlier.childElementCount) place();
};
let link = document.querySelector("[data-earlier]");
if (link) {
  let loading = false;
  const load = async (asked) => {
    if (loading || !link) return;
    loading = true;
    try {
      const answer = await fetch(link.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) throw new Error();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("[data-earlier]");
      earlier.append(...page.querySelectorAll("[data-part=timeline] [data-seq]"));
      place();
      if (next) link.href = next.href; else { link.parentElement.remove(); link = null; }
    } catch (_) { if (asked) location.assign(link.href); loading = false; return; }
    loading = false;
    watch();
  };
  // Beside the timeline on a wide screen are the facts; on a narrow one they are below, and have to stay in reach.
  const watcher = new IntersectionObserver((seen) => { if (seen[0].isIntersecting) load(false); }, { rootMargin: "400px" });
  const watch = () => { watcher.disconnect(); if (link && matchMedia("(min-width:58rem)").matches) watcher.observe(link); };
  link.addEventListener("click", (event) => { event.preventDefault(); load(true); });
  watch();
}
const part = document.querySelector("[data-live]");
if (part) {
  let waiting = 0, busy = false;
  const refresh = async () => {
    waiting = 0;
    if (busy) { later(); return; }
    busy = true;
    try {
      const answer = await fetch(part.dataset.live, { headers: { Accept: "text/html" }, redirect: "error" });
      if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (_) { /* the stream connects again, and then this is repeated */ }
    busy = false;
  };
  const later = () => { if (!waiting) waiting = setTimeout(refresh, 150); };
  const put = (fresh) => {
    for (const old of document.querySelectorAll("[data-part]")) {
      const now = fresh.querySelector(`[data-part="${old.dataset.part}"]`);
      if (!now || old.innerHTML === now.innerHTML || old.contains(document.activeElement)) continue;
      const known = new Set([...old.querySelectorAll("[data-seq]")].map((each) => each.dataset.seq));
      const open = [...old.querySelectorAll("details")].map((each) => each.open);
      const before = [...old.querySelectorAll("[data-seq]")];
      old.innerHTML = now.innerHTML;
      keepEarlier(before, [...old.querySelectorAll("[data-seq]")]);
      old.querySelectorAll("details").forEach((each, at) => { each.open = open[at] || each.open; });
      for (const each of old.querySelectorAll("[data-seq]")) if (!known.has(each.dataset.seq)) each.classList.add("new");
    }
  };
  if (part.dataset.stream) {
    const stream = new EventSource(part.dataset.stream);
    stream.addEventListener("entry", later);
  } else setInterval(() => { if (!document.hidden) later(); }, 10000);
}
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
}
const text = document.querySelector("[data-draft]");
if (text) {
  const form = text.form, say = (name, words) => { document.querySelector(`[data-${name}]`).textContent = words; };
  let timer = 0, kept = text.value;
  const keep = async () => {
    timer = 0;
    if (text.value === kept || form.dataset.sent) return;
    const value = text.value;
    try {
      const body = new URLSearchParams({ csrf: form.elements.csrf.value, version: form.elements.version.value, text: value });
      const answer = await fetch(text.dataset.draft, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error" });
      if (!answer.ok) throw new Error();
      const { at, told } = await answer.json();
      kept = value;
      say("kept", `Draft kept at ${at} UTC.`);
      say("told", told);
    } catch (_) { say("kept", "The draft could not be kept. Save, or copy your text."); }
  };
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 1500); });
  addEventListener("beforeunload", (event) => { if (text.value !== kept && !form.dataset.sent) event.preventDefault(); });
}
const wrong = document.querySelector("[aria-invalid], .verb .error[role]");
if (wrong) { (wrong.matches("[aria-invalid]") ? wrong : wrong.closest("form").querySelector("input:not([type=hidden]),select,textarea,button"))?.focus(); }
