// The inspector's page as its users have it: its panels, what stands in them, and its keys.
import type { BrowserContext, Locator, Page } from "@playwright/test";

export type Panel = "Overview" | "Log" | "SQL" | "Maintenance";

export class Inspector {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  static async open(
    context: BrowserContext,
    url: string,
    asked: { readonly store?: string; readonly theme?: string } = {},
  ): Promise<Inspector> {
    const page = await context.newPage();
    await page.setViewportSize({ width: 1320, height: 860 });
    await page.goto(`${url}dist/inspector/index.html?${new URLSearchParams(asked)}`);
    const inspector = new Inspector(page);
    if (asked.store !== undefined) await inspector.status.waitFor();
    return inspector;
  }

  get title(): Locator {
    return this.page.locator(".top .title");
  }

  get status(): Locator {
    return this.page.getByLabel("Status");
  }

  /** What went wrong, in words. */
  get alert(): Locator {
    return this.page.getByRole("alert");
  }

  get grid(): Locator {
    return this.page.getByRole("grid", { name: "Log entries" });
  }

  /** Rows of the log's list that are in the document, without its head. */
  get rows(): Locator {
    return this.grid.locator(".rows [role=row]");
  }

  /** The entry that is looked at. */
  get entry(): Locator {
    return this.page.getByRole("complementary");
  }

  get found(): Locator {
    return this.page.locator(".found");
  }

  async show(panel: Panel): Promise<void> {
    await this.page.getByRole("tab", { name: panel }).click();
    await this.page.getByRole("tabpanel", { name: panel }).waitFor();
  }

  /** A row of the log's list, by its entry's index. */
  row(index: number): Locator {
    return this.page.locator(`#row-${index}`);
  }

  /** The cells of a table's rows, by the accessible name of what it stands in. */
  async table(name: string): Promise<string[][]> {
    const rows = this.page.getByLabel(name, { exact: true }).locator("tbody tr");
    return rows.evaluateAll((all) =>
      all.map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText.trim())),
    );
  }

  /** Runs SQL in the console; gives the line that tells of the result. */
  async ask(sql: string): Promise<void> {
    const text = this.page.getByRole("textbox", { name: "SQL" });
    await text.fill(sql);
    await text.press("Control+Enter");
  }

  /** As the user drops a file on the page. */
  async drop(name: string, bytes: Uint8Array): Promise<void> {
    const data = await this.page.evaluateHandle(
      ([file, base64]) => {
        const transfer = new DataTransfer();
        const content = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        transfer.items.add(new File([content], file));
        return transfer;
      },
      [name, Buffer.from(bytes).toString("base64")] as const,
    );
    const element = this.page.locator("tablog-inspector .inspector");
    for (const type of ["dragenter", "dragover", "drop"])
      await element.dispatchEvent(type, { dataTransfer: data });
  }
}
