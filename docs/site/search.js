// The search over all pages. Its index (assets/index.js) is loaded when the field is first used.

const root = document.currentScript.dataset.root;
let pages = null;

const field = document.getElementById("search");
const found = document.getElementById("found");
const SHOWN = 12;

const loaded = () =>
  new Promise(done => {
    if (pages) return done();
    const script = document.createElement("script");
    script.src = root + "assets/index.js";
    script.onload = () => done();
    document.head.append(script);
  });

// How well a page answers: names and titles before headings, headings before text.
const score = (page, words) => {
  const title = page.t.toLowerCase();
  let sum = 0, part = "";
  for (const word of words) {
    const head = page.h.find(([, text]) => text.toLowerCase().includes(word));
    let best = 0;
    if (page.n.some(name => name.toLowerCase() === word)) best = 100;
    else if (title === word) best = 90;
    else if (page.n.some(name => name.toLowerCase().startsWith(word))) best = 60;
    else if (title.includes(word)) best = 50;
    else if (page.n.some(name => name.toLowerCase().includes(word))) best = 40;
    else if (head) best = 20;
    else if (page.x.toLowerCase().includes(word)) best = 5;
    if (best === 0) return null;
    if (best === 20) part = "#" + head[0];
    sum += best;
  }
  // Of equals the shorter name, and a guide before a page of reference.
  return { sum: sum + (page.u.startsWith("guides/") ? 3 : 0) - title.length / 200, part };
};

const search = async () => {
  await loaded();
  const words = field.value.toLowerCase().replace(/[()`]/g, "").split(/\s+/).filter(Boolean);
  const hits = words.length === 0 ? [] : pages
    .map(page => ({ page, hit: score(page, words) }))
    .filter(({ hit }) => hit)
    .sort((a, b) => b.hit.sum - a.hit.sum)
    .slice(0, SHOWN);
  found.replaceChildren(...hits.map(({ page, hit }) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = root + page.u + hit.part;
    link.textContent = page.t;
    const where = document.createElement("small");
    where.textContent = page.u.replace(/\.html$/, "").replace("/", " / ");
    link.append(where);
    item.append(link);
    return item;
  }));
  if (words.length > 0 && hits.length === 0) {
    const item = document.createElement("li");
    item.textContent = "Nothing found";
    found.replaceChildren(item);
  }
  found.hidden = words.length === 0;
};

field.addEventListener("input", search);
field.addEventListener("keydown", event => {
  if (event.key === "Enter") found.querySelector("a")?.click();
  if (event.key === "Escape") { field.value = ""; found.hidden = true; }
});
document.addEventListener("keydown", event => {
  if (event.key === "/" && document.activeElement === document.body) {
    event.preventDefault();
    field.focus();
  }
});
document.addEventListener("click", event => {
  if (!event.target.closest(".search")) found.hidden = true;
});
