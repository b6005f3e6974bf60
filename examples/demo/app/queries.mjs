// The three questions that every tab, the data file and the native tool's replay must answer alike.

export const queries = {
  count: "SELECT count(*) AS flights, count(DISTINCT id) AS different FROM flight",
  averageDelays: `SELECT origin, count(*) AS flights, avg(delay) AS delay
                  FROM flight GROUP BY origin ORDER BY origin`,
  worstDays: `SELECT substr(date, 1, 10) AS day, count(*) AS flights, avg(delay) AS delay
              FROM flight GROUP BY day ORDER BY avg(delay) DESC, day LIMIT 10`,
};

/** What the page draws while the log grows. */
export const busiest = `SELECT origin, count(*) AS flights, avg(delay) AS delay
                        FROM flight GROUP BY origin ORDER BY count(*) DESC, origin LIMIT 20`;

/** Which flights of a share are in. */
export const recorded = "SELECT id FROM flight WHERE id % :shares = :share";
