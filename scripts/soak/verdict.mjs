// Verdict: whether what should be bounded was. Growth is told by medians, since single samples jump; sessions
// have a bound that holds for every sample.

/** What has to stay: the median of the last fifth is at most that of the second fifth × factor + slack. */
const bounds = [
  {
    key: "rendererMiB",
    what: "memory of the median renderer",
    unit: "MiB",
    factor: 1.25,
    slack: 0,
  },
  {
    key: "largestMiB",
    what: "memory of the largest renderer",
    unit: "MiB",
    factor: 1.25,
    slack: 0,
  },
  { key: "residentMiB", what: "memory of the tab that stays", unit: "MiB", factor: 1.25, slack: 0 },
  { key: "browserMiB", what: "memory of the browser process", unit: "MiB", factor: 1.25, slack: 0 },
  { key: "otherMiB", what: "memory of all other processes", unit: "MiB", factor: 1.25, slack: 0 },
  {
    key: "browserHandles",
    what: "handles of the browser process",
    unit: "",
    factor: 1.1,
    slack: 10,
  },
  {
    key: "residentHandles",
    what: "handles of the tab that stays",
    unit: "",
    factor: 1.1,
    slack: 10,
  },
  {
    key: "spareFiles",
    what: "OPFS files without the log's segments",
    unit: "",
    factor: 1,
    slack: 1,
  },
  { key: "spareSlots", what: "the leader's files without segments", unit: "", factor: 1, slack: 1 },
  { key: "stateMiB", what: "the state database", unit: "MiB", factor: 1.25, slack: 1 },
  { key: "sessions", what: "open sessions", unit: "", factor: 1, slack: 2 },
];

/** Entries are checkpointed after 10,000 at the latest (leader/leader.h), somewhat later where the leader is busy. */
const kUnfoldedMax = 11_000;
/** The WAL is after 4 MiB, and what was being written then. */
const kWalMiBMax = 5;

/** Sessions of tabs that have just ended: the leader sees it when it looks at the locks. */
const kSessionsBehind = 6;

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {any[]} samples @param {number} fifth From 0 on. */
function fifthOf(samples, fifth) {
  const at = (n) => Math.round((samples.length * n) / 5);
  return samples.slice(at(fifth), at(fifth + 1));
}

/**
 * @param {any[]} samples
 * @returns {{ lines: string[], problems: string[] }} Each measure in a line; a sentence for each broken bound.
 */
export function judge(samples) {
  const lines = [];
  const problems = [];
  for (const { key, what, unit, factor, slack } of bounds) {
    const [early, late] = [1, 4].map((n) => median(fifthOf(samples, n).map((each) => each[key])));
    const limit = early * factor + slack;
    const figure = (value) => `${Number(Number(value).toFixed(1))}${unit && ` ${unit}`}`;
    lines.push(`${what}: ${figure(early)} -> ${figure(late)} (at most ${figure(limit)})`);
    // A figure that is missing is no proof: NaN fails too.
    if (!(late <= limit))
      problems.push(
        `${what} grew: median ${figure(early)} in the second fifth, ${figure(late)} in the last, at most ${figure(limit)}`,
      );
  }
  return { lines, problems: [...problems, ...judgeWal(samples), ...judgeSessions(samples)] };
}

function judgeWal(samples) {
  return samples
    .filter(({ walMiB, unfolded }) => !(walMiB <= kWalMiBMax && unfolded <= kUnfoldedMax))
    .map(
      ({ at, walMiB, unfolded }) =>
        `at ${at} s the WAL had ${walMiB.toFixed(1)} MiB, and ${unfolded} entries since the checkpoint`,
    );
}

/** Open sessions are those of live tabs; the database keeps tombstones until the next term starts. */
function judgeSessions(samples) {
  const problems = [];
  let endedBeforeTerm = 0;
  for (const [i, sample] of samples.entries()) {
    const before = samples[i - 1];
    if (before !== undefined && before.term !== sample.term) endedBeforeTerm = before.ended;
    const { at, tabs, sessions, storedSessions, ended } = sample;
    if (sessions > tabs + kSessionsBehind)
      problems.push(`at ${at} s ${sessions} sessions were open for ${tabs} live tabs`);
    const kept = tabs + kSessionsBehind + ended - endedBeforeTerm;
    if (storedSessions > kept)
      problems.push(
        `at ${at} s the state database had ${storedSessions} sessions: ${tabs} live tabs, ${ended - endedBeforeTerm} ended in this term`,
      );
  }
  return problems;
}
