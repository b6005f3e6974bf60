// For a browser that nobody drives: opens the stores that the address names (?store=…), appends to each of
// them, and tells the address in ?tell=… what became of it. The stores stay open.
import "./lab.js";

const asked = new URL(location.href).searchParams;

async function fill(name) {
  await lab.open({ name });
  for (let i = 0; i < 5; ++i) await store.append("item.added", { id: `${name}-${i}`, tab: "a" });
  return store.status.head;
}

async function fillAll() {
  const heads = [];
  for (const name of asked.getAll("store")) heads.push(await fill(name));
  return { heads };
}

const told = await fillAll().catch((error) => ({ error: String(error) }));
await fetch(asked.get("tell"), { method: "POST", mode: "no-cors", body: JSON.stringify(told) });
