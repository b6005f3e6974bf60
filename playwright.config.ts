// Browser tests: real tabs in the system's Chromium; Playwright's own browsers are never downloaded.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests/browser",
  testMatch: /.*[._](test|spec)\.ts/,
  outputDir: "build/test-results/browser",
  timeout: 60_000,
  // Tests kill renderers and measure failover: one at a time.
  workers: 1,
  forbidOnly: true,
  retries: 0,
  use: {
    launchOptions: {
      executablePath: process.env["TABLOG_CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
