-- How often a channel was asked on the last day on which it was; only channels with a daily budget are counted.
CREATE TABLE query_budgets (
    channel TEXT PRIMARY KEY,
    day     INTEGER NOT NULL,
    asked   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
