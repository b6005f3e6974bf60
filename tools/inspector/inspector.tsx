// <tablog-inspector store="notes">: the inspector as an element, beside an app or on a page of its own.

import { render } from "preact";
import plotStyles from "uplot/dist/uPlot.min.css";
import { App } from "./app.js";
import type { Urls } from "./sources.js";
import styles from "./style.css";

/**
 * Attributes: `store`, the store that it opens; `theme`, `light` or `dark` where the system's is not wanted; `worker-url`
 * and `wasm-url`, as of `openStore`. A `storechange` event tells what is open, `detail.name`, or that nothing is: null.
 */
export class TablogInspector extends HTMLElement {
  static readonly observedAttributes = ["store", "worker-url", "wasm-url"];
  readonly #root: ShadowRoot;
  #told: string | null = null;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: "open" });
    this.#root.adoptedStyleSheets = [plotStyles, styles].map((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      return sheet;
    });
  }

  connectedCallback(): void {
    this.#render();
  }

  disconnectedCallback(): void {
    render(null, this.#root); // closes what is open
    this.#tell(null);
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#render();
  }

  #render(): void {
    const workerUrl = this.getAttribute("worker-url");
    const wasmUrl = this.getAttribute("wasm-url");
    const urls: Urls = {
      ...(workerUrl === null ? {} : { workerUrl }),
      ...(wasmUrl === null ? {} : { wasmUrl }),
    };
    const onStore = (name: string | null): void => this.#tell(name);
    render(<App store={this.getAttribute("store")} urls={urls} onStore={onStore} />, this.#root);
  }

  #tell(name: string | null): void {
    if (name === this.#told) return;
    this.#told = name;
    this.dispatchEvent(new CustomEvent("storechange", { detail: { name } }));
  }
}

if (customElements.get("tablog-inspector") === undefined)
  customElements.define("tablog-inspector", TablogInspector);
