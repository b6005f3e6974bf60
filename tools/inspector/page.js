// The inspector as a page: ?store=notes opens that store; ?theme=dark, or light, is instead of the system's. Apart from
// index.html, so that a page policy without inline scripts and styles lets it run.

for (const { style } of [document.documentElement, document.body])
  Object.assign(style, { margin: "0", height: "100%" });

const element = document.querySelector("tablog-inspector");
const asked = new URLSearchParams(location.search);
for (const name of ["store", "theme"]) {
  if (asked.has(name)) element.setAttribute(name, asked.get(name));
}

element.addEventListener("storechange", ({ detail: { name } }) => {
  document.title = name === null ? "tablog inspector" : `${name} · tablog inspector`;
  const url = new URL(location.href);
  if (name === null) url.searchParams.delete("store");
  else url.searchParams.set("store", name);
  history.replaceState(null, "", url);
});
