"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const form = byId("filter");
  const rows = Array.from(document.querySelectorAll(".compared tbody tr"), (row) => ({
    row, differs: row.classList.contains("differs"), text: row.textContent.toLowerCase(),
  }));
  const filter = () => {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, differs, text } of rows) {
      row.hidden = (byId("differing").checked && !differs) || !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    byId("count").textContent = shown + " of " + rows.length + " rows shown";
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
