// The board's elements: kept by card, so that focus and a drag survive what other tabs do.

/** @typedef {import("./board.mjs").Card} Card */

/**
 * @param {HTMLElement} root
 * @param {readonly { id: string, title: string }[]} lanes
 * @param {{
 *   move: (id: string, lane: string, place: number) => void,
 *   rename: (id: string, title: string) => void,
 *   remove: (id: string) => void,
 * }} on
 */
export function renderBoard(root, lanes, on) {
  /** @type {Map<string, HTMLElement>} */
  const lists = new Map();
  /** @type {Map<string, HTMLElement>} */
  const items = new Map();
  let editable = true;

  for (const lane of lanes) {
    const section = document.createElement("section");
    const heading = document.createElement("h2");
    heading.id = `lane-${lane.id}`;
    const list = document.createElement("ul");
    list.dataset["lane"] = lane.id;
    list.setAttribute("aria-labelledby", heading.id);
    section.append(heading, list);
    root.append(section);
    lists.set(lane.id, list);
    section.addEventListener("dragover", (event) => event.preventDefault());
    section.addEventListener("drop", (event) => {
      event.preventDefault();
      const id = event.dataTransfer?.getData("text/plain") ?? "";
      if (items.has(id) && editable) on.move(id, lane.id, placeAt(list, id, event.clientY));
    });
  }

  function makeItem(/** @type {string} */ id) {
    const item = document.createElement("li");
    item.tabIndex = 0;
    item.draggable = true;
    item.dataset["id"] = id;
    item.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/plain", id));
    item.addEventListener("keydown", (event) => {
      if (event.target === item && editable && onKey(item, event.key)) event.preventDefault();
    });
    item.addEventListener("dblclick", () => editable && edit(item));
    return item;
  }

  /** @returns {boolean} Whether the key means something here. */
  function onKey(/** @type {HTMLElement} */ item, /** @type {string} */ key) {
    const id = item.dataset["id"] ?? "";
    const list = /** @type {HTMLElement} */ (item.parentElement);
    const lane = lanes.findIndex((each) => each.id === list.dataset["lane"]);
    const place = [...list.children].indexOf(item);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    const next = step === undefined ? undefined : lanes[lane + step];
    if (next !== undefined) on.move(id, next.id, lists.get(next.id)?.children.length ?? 0);
    else if (key === "ArrowUp" && place > 0) on.move(id, lanes[lane]?.id ?? "", place - 1);
    else if (key === "ArrowDown" && place + 1 < list.children.length)
      on.move(id, lanes[lane]?.id ?? "", place + 1);
    else if (key === "Enter") edit(item);
    else if (key === "Delete") {
      const neighbour = item.nextElementSibling ?? item.previousElementSibling;
      on.remove(id);
      if (neighbour instanceof HTMLElement) neighbour.focus();
    } else return false;
    return true;
  }

  function edit(/** @type {HTMLElement} */ item) {
    const title = item.textContent ?? "";
    const input = document.createElement("input");
    input.value = title;
    input.setAttribute("aria-label", "Title");
    let over = false;
    const end = (/** @type {boolean} */ keep) => {
      if (over) return;
      over = true;
      const value = input.value.trim();
      item.textContent = title;
      if (keep && value !== "" && value !== title) on.rename(item.dataset["id"] ?? "", value);
      item.focus();
    };
    input.addEventListener("blur", () => end(true));
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") end(false);
    });
    item.replaceChildren(input);
    input.select();
  }

  return {
    /** @param {readonly Card[]} cards @param {boolean} now Whether they can be changed. */
    show(cards, now) {
      editable = now;
      root.classList.toggle("past", !now);
      const focused = document.activeElement;
      for (const lane of lanes) {
        const list = /** @type {HTMLElement} */ (lists.get(lane.id));
        const here = cards.filter((card) => card.lane === lane.id);
        const heading = document.getElementById(`lane-${lane.id}`);
        if (heading) heading.textContent = `${lane.title} · ${here.length}`;
        here.forEach((card, place) => {
          const item = items.get(card.id) ?? makeItem(card.id);
          items.set(card.id, item);
          item.draggable = now;
          if (item.querySelector("input") === null && item.textContent !== card.title)
            item.textContent = card.title;
          if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
        });
      }
      const known = new Set(cards.map(({ id }) => id));
      for (const [id, item] of items) {
        if (known.has(id)) continue;
        item.remove();
        items.delete(id);
      }
      // An element that is put elsewhere loses the focus.
      if (
        focused instanceof HTMLElement &&
        focused.isConnected &&
        document.activeElement !== focused
      )
        focused.focus();
    },
  };
}

/** Where in the list a card that is dropped at this height belongs. */
function placeAt(
  /** @type {HTMLElement} */ list,
  /** @type {string} */ id,
  /** @type {number} */ y,
) {
  const others = [...list.children].filter(
    (item) => item instanceof HTMLElement && item.dataset["id"] !== id,
  );
  const below = others.findIndex((item) => {
    const { top, height } = item.getBoundingClientRect();
    return y < top + height / 2;
  });
  return below === -1 ? others.length : below;
}
