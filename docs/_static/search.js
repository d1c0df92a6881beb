// Search by whole sentences. The words of the question that carry meaning are looked up one by one in Pagefind's index;
// a page scores by each word that it has, rare words more than frequent ones, and by having the whole question.
const field = document.getElementById("search-input");
const list = document.getElementById("search-list");
const status = document.getElementById("search-status");
const language = document.documentElement.lang;
const IDLE = new Set(
  language.startsWith("zh")
    ? "的 了 是 在 和 与 或 及 有 我 你 它 这 那 个 吗 呢 吧 把 被 对 从 到 为 以 用 要 会 能 可以 如何 怎么 怎样 什么 哪些 哪个 为什么 请问 一个 一种 进行 中 上 下 里 做 让 给 就 都 也 很 不 后 时 多少 几 想 需要 应该".split(" ")
    : ("a an the and or of to in on for from with by at as is are was be been do does did can could should would will how what which who " +
        "why when where i my me you your it its this that these those there one some any into than then if not no use using get make " +
        "have has want need many much we our they them between about out up").split(" "),
);
const folder = new URL("./", location.href).pathname;
let pagefind;
let newest = 0;

const start = async () => {
  if (!pagefind) {
    pagefind = await import(new URL("pagefind/pagefind.js", new URL("./", location.href)).href);
    await pagefind.options({ baseUrl: folder, excerptLength: 24 });
    await pagefind.init();
  }
  return pagefind;
};

const termsOf = (question) => {
  const parts = [...new Intl.Segmenter(language, { granularity: "word" }).segment(question.toLowerCase())];
  const said = parts.filter((part) => part.isWordLike).map((part) => part.segment);
  const meant = said.filter((word) => !IDLE.has(word));
  return [...new Set(meant.length ? meant : said)].slice(0, 12);
};

export const rank = async (question) => {
  const engine = await start();
  const scores = new Map();
  const add = (results, weight) => {
    const best = results[0]?.score || 1;
    for (const result of results) {
      const entry = scores.get(result.id) ?? { result, score: 0 };
      entry.score += weight * (0.35 + 0.65 * (result.score / best));
      scores.set(result.id, entry);
    }
  };
  for (const term of termsOf(question)) {
    const { results } = await engine.search(term);
    add(results, 1 / Math.sqrt(1 + results.length));
  }
  const whole = await engine.search(termsOf(question).join(" "));
  add(whole.results, 0.5);
  return [...scores.values()].sort((a, b) => b.score - a.score).map((entry) => entry.result);
};

const show = async (question) => {
  const turn = ++newest;
  list.replaceChildren();
  if (!question.trim()) {
    status.textContent = "";
    return;
  }
  status.textContent = status.dataset.searching;
  const archive = (text) => {
    const link = Object.assign(document.createElement("a"), { href: status.dataset.archiveLink, textContent: status.dataset.archive });
    status.replaceChildren(text + " ", link);
  };
  let found;
  try {
    found = await rank(question);
  } catch (error) {
    if (location.protocol === "file:") return archive(status.dataset.file);
    throw error;
  }
  if (turn !== newest) return;
  if (!found.length) return archive(status.dataset.none);
  const pages = await Promise.all(found.slice(0, 10).map((result) => result.data()));
  if (turn !== newest) return;
  status.textContent = `${found.length} ${status.dataset.found}`;
  for (const page of pages) {
    const item = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { href: page.url, textContent: page.meta.title });
    const excerpt = document.createElement("div");
    excerpt.innerHTML = page.excerpt; // made by Pagefind from this site's own text
    const places = document.createElement("div");
    places.className = "where";
    for (const part of page.sub_results.filter((part) => part.url !== page.url).slice(0, 3)) {
      places.append(Object.assign(document.createElement("a"), { href: part.url, textContent: part.title }), " ");
    }
    item.append(link, excerpt, places);
    list.append(item);
  }
};

let pause;
field.value = new URLSearchParams(location.search).get("q") ?? "";
field.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(() => show(field.value), 200);
});
document.getElementById("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  history.replaceState(null, "", `?q=${encodeURIComponent(field.value)}`);
  show(field.value);
});
if (field.value) show(field.value);
else field.focus();
