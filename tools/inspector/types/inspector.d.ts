/**
 * `<tablog-inspector store="notes">`: looks into the stores of this origin, and into exported logs. Importing the module
 * defines the element. Attributes: `store`; `theme`, `light` or `dark` where the system's is not wanted; `worker-url` and
 * `wasm-url`, as of `openStore`.
 */
export class TablogInspector extends HTMLElement {}

/** Of the `storechange` event: the store that is opened, or null: none is, could be, or is any more. */
export interface StoreChange {
  readonly name: string | null;
}

declare global {
  interface HTMLElementTagNameMap {
    "tablog-inspector": TablogInspector;
  }
}
