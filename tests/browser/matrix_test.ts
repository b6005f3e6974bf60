// The fault matrix: every fault, in a profile and off the record, while three tabs append and query. The others go
// on, and so does who comes back; the history of all of them and the log are checked afterwards.
import { checkHistory } from "./checker.js";
import { tabFaults } from "./faults.js";
import { expect, test, type Place } from "./fixtures.js";
import { goOn, join, threeWriters, type Fault } from "./stage.js";
import { sharedFaults } from "./shared_faults.js";

const full = process.env["TABLOG_FULL"] !== undefined;
const kFullRuns = 5;

type Kind = Pick<Fault, "runs" | "slow" | "hiding">;
function runsOf({ runs, slow, hiding }: Kind, recorded: boolean): number {
  // Playwright's contexts that are off the record hide no tab, and with --incognito the files are in the profile.
  if (hiding && !recorded) return 0;
  if (full) return slow ? 2 : kFullRuns;
  if (slow) return recorded ? (runs ?? 1) : 0;
  return recorded ? (runs ?? 2) : 1;
}

const places: readonly Place[] = ["profile", "off the record"];

for (const visible of places) {
  const recorded = visible === "profile";
  test.describe(visible, () => {
    for (const fault of [...tabFaults, ...sharedFaults]) {
      const { what, leader, inject, expectation } = fault;
      test.describe(() => {
        test.use({ place: fault.hiding ? "profile, hiding" : visible });
        if (fault.spoils) test.afterEach(({ browsers, place }) => browsers.close(place));
        for (let run = 1; run <= runsOf(fault, recorded); ++run) {
          test(`the store goes on when ${what}, run ${run}`, async ({
            newTab,
            adopt,
            name,
            url,
          }) => {
            const tabs = await threeWriters(newTab, name);
            const { term } = await tabs[0].status();
            const living = await inject({ tabs, newTab, adopt, name, url });
            await goOn(living);
            const terms = await Promise.all(living.map(async (tab) => (await tab.status()).term));
            for (const after of terms) {
              if (leader === "the same") expect(after).toBe(term);
              if (leader === "another term's") expect(after).toBeGreaterThan(term);
            }
            if (leader === "the same") expect(await tabs[0].leads()).toBe(true);
            await checkHistory(living, expectation);
          });
        }
      });
    }

    test.describe(() => {
      test.use({ place: visible });
      const runs = runsOf({}, recorded);
      for (let run = 1; run <= runs; ++run) {
        test(`eight tabs open a store at the same moment that is not there yet, run ${run}`, async ({
          newTab,
          name,
        }) => {
          const tabs = await Promise.all(Array.from({ length: 8 }, newTab));
          await Promise.all(tabs.map((tab, i) => join(tab, { name }, `new${i}`, 1)));
          const leading = await Promise.all(tabs.map((tab) => tab.leads()));
          expect(leading.filter((leads) => leads)).toHaveLength(1);
          await goOn(tabs);
          await checkHistory(tabs);
        });
      }
    });
  });
}
