// Small comforts; every page reads without them.
(() => {
  const chinese = document.documentElement.lang.startsWith("zh");
  const words = chinese
    ? { copy: "复制", copied: "已复制", tex: "LaTeX 已复制", menu: "打开导航", contents: "打开本页目录", code: "代码", table: "表格" }
    : { copy: "Copy", copied: "Copied", tex: "LaTeX copied", menu: "Open the navigation", contents: "Open the contents of this page", code: "Code", table: "Table" };
  const spoken = document.querySelector(".spoken");
  let silence;
  const say = (text) => {
    if (!spoken) return;
    spoken.textContent = text;
    clearTimeout(silence);
    silence = setTimeout(() => (spoken.textContent = ""), 2000);
  };
  const copy = async (text, done) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say(done);
  };

  // What scrolls takes the focus, what does not, does not.
  const boxes = [...document.querySelectorAll(".formula-box, .highlight pre, .table-wrapper, .cite pre, .toc-scroll, .sidebar-scroll")];
  const focusable = () => {
    for (const box of boxes) {
      const scrolls = box.scrollWidth > box.clientWidth + 1 || (box.matches(".toc-scroll, .sidebar-scroll") && box.scrollHeight > box.clientHeight);
      if (scrolls) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
      if (box.matches(".highlight pre, .table-wrapper")) {
        if (scrolls) {
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", box.matches("pre") ? words.code : words.table);
        } else {
          box.removeAttribute("role");
          box.removeAttribute("aria-label");
        }
      }
    }
  };
  focusable();
  addEventListener("resize", focusable);
  document.fonts?.ready.then(focusable);

  // A double click on a formula copies its LaTeX; so does Ctrl-C in a box that has the focus.
  const texOf = (node) => node?.querySelector('annotation[encoding="application/x-tex"]')?.textContent;
  document.addEventListener("dblclick", (event) => {
    const tex = texOf(event.target.closest(".math"));
    if (tex) {
      getSelection().removeAllRanges();
      copy(tex, words.tex);
    }
  });
  document.addEventListener("copy", (event) => {
    const tex = document.activeElement?.matches(".formula-box") && getSelection().isCollapsed && texOf(document.activeElement);
    if (tex) {
      event.clipboardData.setData("text/plain", tex);
      event.preventDefault();
      say(words.tex);
    }
  });

  for (const block of document.querySelectorAll("div.highlight")) {
    if (block.closest(".highlight-output")) continue;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: words.copy });
    button.addEventListener("click", () => copy(block.querySelector("pre").textContent, words.copied));
    block.append(button);
  }

  const bibtex = document.querySelector(".bibtex");
  if (bibtex && location.protocol.startsWith("http")) {
    bibtex.textContent = bibtex.textContent.replace(/url = \{.*\}/, `url = {${location.href.split(/[?#]/)[0]}}`);
  }
  for (const button of document.querySelectorAll("button[data-do]")) {
    const act = {
      share: async () => {
        const link = { title: document.title, url: location.href };
        if (navigator.share && matchMedia("(pointer: coarse)").matches) await navigator.share(link).catch(() => {});
        else await copy(link.url, button.dataset.done);
      },
      print: () => print(),
      "copy-bibtex": () => copy(bibtex.textContent, button.dataset.done),
    }[button.dataset.do];
    button.addEventListener("click", act);
    button.hidden = false;
  }
  for (const hidden of document.querySelectorAll(".page-tools")) hidden.hidden = false;

  // Paper shows what is folded away.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });

  // furo opens its drawers with labels, which the keyboard does not reach.
  for (const label of document.querySelectorAll("label.nav-overlay-icon, label.toc-overlay-icon")) {
    const box = document.getElementById(label.htmlFor);
    label.setAttribute("role", "button");
    label.setAttribute("aria-label", label.htmlFor === "__toc" ? words.contents : words.menu);
    label.setAttribute("aria-expanded", String(box.checked));
    label.tabIndex = 0;
    box.addEventListener("change", () => label.setAttribute("aria-expanded", String(box.checked)));
    label.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      label.click();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const box of document.querySelectorAll(".sidebar-toggle:checked")) box.click();
      return;
    }
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (!((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing))) return;
    event.preventDefault();
    const field = document.getElementById("search-input") ?? document.querySelector(".sidebar-search");
    if (!field.checkVisibility?.({ visibilityProperty: true }) || field.getBoundingClientRect().right <= 0) {
      document.getElementById("__navigation").click();
    }
    setTimeout(() => field.focus(), 50);
  });
})();
