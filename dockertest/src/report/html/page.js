"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId("filter");
  const search = byId("search");
  const inLogs = byId("in-logs");
  const order = byId("order");
  const quiet = byId("quiet");
  const list = document.querySelector("ol.tree");
  const worst = ["ABORT", "ERROR", "FAIL", "OPEN", "WARN", "TEST_NA", "GOOD"];
  const items = Array.from(list.children, (item, at) => ({
    item, at,
    verdict: item.dataset.verdict,
    rank: worst.indexOf(item.dataset.verdict),
    seconds: Number(item.dataset.seconds),
    isQuiet: "quiet" in item.dataset,
    head: item.querySelector("summary").textContent.toLowerCase(),
    whole: null,
  }));
  const orders = {
    plan: (one, other) => one.at - other.at,
    worst: (one, other) => one.rank - other.rank || one.at - other.at,
    slowest: (one, other) => other.seconds - one.seconds || one.at - other.at,
  };
  let waits = 0;
  let ordered = order.value = "plan";

  const text = (entry) => {
    if (!inLogs.checked) return entry.head;
    entry.whole ??= entry.item.textContent.toLowerCase();
    return entry.whole;
  };
  const filter = () => {
    waits = 0;
    const wanted = new Set(Array.from(form.querySelectorAll("[name=verdict]:checked"), (box) => box.value));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of items) {
      const fits = wanted.has(entry.verdict) && !(entry.isQuiet && !quiet.checked)
        && words.every((word) => text(entry).includes(word));
      if (entry.item.hidden === fits) entry.item.hidden = !fits;
      shown += fits;
    }
    if (ordered !== order.value) {
      ordered = order.value;
      list.append(...[...items].sort(orders[ordered]).map((entry) => entry.item));
    }
    byId("count").textContent = shown + " of " + items.length + " steps shown";
  };
  const soon = () => { waits = waits || requestAnimationFrame(filter); };
  const fold = (open) => {
    for (const { item } of items) if (!item.hidden || !open) item.firstElementChild.open = open;
  };

  form.hidden = false;
  search.value = new URLSearchParams(location.search).get("search") || "";
  form.addEventListener("input", soon);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => {
    if (quiet) quiet.checked = true;
    search.value = "";
    filter();
  }));
  byId("unfold").addEventListener("click", () => fold(true));
  byId("fold").addEventListener("click", () => fold(false));

  const open = () => {
    const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
    const details = target && target.parentElement === list && target.querySelector("details");
    if (!details) return;
    target.hidden = false;
    details.open = true;
    target.scrollIntoView();
    details.querySelector("summary").focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", open);
  // The same link once more changes nothing that the browser would tell.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (link && link.getAttribute("href") === location.hash) open();
  });
  filter();
  open();
})();
