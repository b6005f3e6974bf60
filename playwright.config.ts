// Real tabs of the system's Chromium over dist/; `./dev test` builds that first.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests/browser",
  testMatch: "*_test.ts",
  outputDir: "build/test-results/browser",
  timeout: 120_000,
  expect: { timeout: 45_000 },
  workers: 1, // the tabs of one test need the cores
  forbidOnly: true,
});
