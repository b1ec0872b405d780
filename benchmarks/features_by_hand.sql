-- The sixty features of benchmarks/features.py, by hand for DuckDB: bitemporal, exact integers,
-- one pass over each kind.  Instants are int64 microseconds; a day is 86400000000 of them.
WITH
instalments AS (
    SELECT o.observation, o.as_of, e.due_at, e.due_minor, e.known_at, e.record, e.source,
        CASE WHEN e.paid_at < o.as_of THEN e.paid_minor END AS paid_minor,
        ((CASE WHEN e.paid_at < o.as_of AND e.paid_minor >= e.due_minor
            THEN e.paid_at ELSE o.as_of END - e.due_at) >> 13) / 10546875 AS late
    FROM observations o JOIN evidence_instalment e ON o.subject = e.subject
    WHERE e.known_at <= o.as_of AND o.as_of < e.superseded_at AND e.cause <> 'retraction'
        AND NOT coalesce(o.about_kind = 'instalment' AND e.record = o.about
            AND (o.about_source IS NULL OR e.source = o.about_source), FALSE)
        AND NOT coalesce(o.about_kind = 'account' AND e.account = o.about
            AND (o.about_source IS NULL OR e.source = o.about_source), FALSE)
        AND e.due_at < o.as_of + 90 * 86400000000
),
of_instalments AS (
    SELECT observation,
        count(*) FILTER (due_at < as_of AND due_at >= as_of - 30 * 86400000000) AS due_30d_count,
        count(*) FILTER (due_at < as_of AND due_at >= as_of - 90 * 86400000000) AS due_90d_count,
        count(*) FILTER (due_at < as_of AND due_at >= as_of - 180 * 86400000000) AS due_180d_count,
        count(*) FILTER (due_at < as_of AND due_at >= as_of - 365 * 86400000000) AS due_365d_count,
        count(*) FILTER (due_at < as_of AND due_at >= as_of - 730 * 86400000000) AS due_730d_count,
        sum(due_minor) FILTER (due_at < as_of AND due_at >= as_of - 30 * 86400000000) AS due_30d_minor,
        sum(due_minor) FILTER (due_at < as_of AND due_at >= as_of - 90 * 86400000000) AS due_90d_minor,
        sum(due_minor) FILTER (due_at < as_of AND due_at >= as_of - 180 * 86400000000) AS due_180d_minor,
        sum(due_minor) FILTER (due_at < as_of AND due_at >= as_of - 365 * 86400000000) AS due_365d_minor,
        sum(due_minor) FILTER (due_at < as_of AND due_at >= as_of - 730 * 86400000000) AS due_730d_minor,
        max(late) FILTER (due_at < as_of AND due_at >= as_of - 90 * 86400000000) AS late_90d_max_days,
        max(late) FILTER (due_at < as_of AND due_at >= as_of - 365 * 86400000000) AS late_365d_max_days,
        max(late) FILTER (due_at < as_of) AS late_ever_max_days,
        count(*) FILTER (due_at < as_of AND due_at >= as_of - 90 * 86400000000 AND floor(late) > 0) AS late_90d,
        count(*) FILTER (due_at < as_of AND due_at >= as_of - 365 * 86400000000 AND floor(late) > 0) AS late_365d,
        count(*) FILTER (due_at < as_of AND floor(late) > 0) AS late_ever,
        count(*) FILTER (due_at < as_of) AS due_ever,
        arg_max(due_minor, (due_at, known_at, record, source)) FILTER (due_at < as_of) AS due_latest_minor,
        max(due_at) FILTER (due_at < as_of) AS last_due_at,
        sum(due_minor) FILTER (due_at >= as_of AND due_at < as_of + 30 * 86400000000) AS due_30d_ahead_minor,
        sum(due_minor) FILTER (due_at >= as_of) AS due_90d_ahead_minor,
        sum(CAST(floor(late) AS BIGINT)) FILTER (due_at < as_of AND due_at >= as_of - 180 * 86400000000) AS late_180d,
        sum(CAST(floor(late) AS BIGINT)) FILTER (due_at < as_of AND due_at >= as_of - 730 * 86400000000) AS late_730d
    FROM instalments GROUP BY observation
),
transactions AS (
    SELECT o.observation, o.as_of, e.happened_at, e.amount_minor, e.category
    FROM observations o JOIN evidence_transaction e ON o.subject = e.subject
    WHERE e.known_at <= o.as_of AND o.as_of < e.superseded_at AND e.cause <> 'retraction'
        AND NOT coalesce(o.about_kind = 'transaction' AND e.record = o.about
            AND (o.about_source IS NULL OR e.source = o.about_source), FALSE)
        AND e.happened_at < o.as_of
),
of_transactions AS (
    SELECT observation,
        count(*) FILTER (happened_at >= as_of - 30 * 86400000000) AS moves_30d_count,
        count(*) FILTER (happened_at >= as_of - 90 * 86400000000) AS moves_90d_count,
        count(*) FILTER (happened_at >= as_of - 180 * 86400000000) AS moves_180d_count,
        count(*) FILTER (happened_at >= as_of - 365 * 86400000000) AS moves_365d_count,
        count(*) FILTER (happened_at >= as_of - 730 * 86400000000) AS moves_730d_count,
        sum(amount_minor) FILTER (happened_at >= as_of - 30 * 86400000000) AS moved_30d_minor,
        sum(amount_minor) FILTER (happened_at >= as_of - 90 * 86400000000) AS moved_90d_minor,
        sum(amount_minor) FILTER (happened_at >= as_of - 180 * 86400000000) AS moved_180d_minor,
        sum(amount_minor) FILTER (happened_at >= as_of - 365 * 86400000000) AS moved_365d_minor,
        sum(amount_minor) FILTER (happened_at >= as_of - 730 * 86400000000) AS moved_730d_minor,
        sum(amount_minor::HUGEINT * amount_minor) FILTER (happened_at >= as_of - 180 * 86400000000) AS squares_180d,
        sum(amount_minor::HUGEINT * amount_minor) FILTER (happened_at >= as_of - 365 * 86400000000) AS squares_365d,
        max(amount_minor) FILTER (happened_at >= as_of - 90 * 86400000000) AS moved_90d_max_minor,
        max(amount_minor) FILTER (happened_at >= as_of - 365 * 86400000000) AS moved_365d_max_minor,
        max(amount_minor) AS moved_ever_max_minor,
        count(DISTINCT category) FILTER (happened_at >= as_of - 365 * 86400000000) AS categories_365d_count,
        max(happened_at) AS last_moved_at
    FROM transactions GROUP BY observation
),
statements AS (
    SELECT o.observation, o.as_of, e.period_end, e.balance_minor, e.limit_minor, e.paid_minor,
        e.known_at, e.record, e.source, e.account,
        CAST(floor(((o.as_of - e.period_end) >> 13) / 10546875) AS BIGINT) AS d
    FROM observations o JOIN evidence_statement e ON o.subject = e.subject
    WHERE e.known_at <= o.as_of AND o.as_of < e.superseded_at AND e.cause <> 'retraction'
        AND NOT coalesce(o.about_kind = 'statement' AND e.record = o.about
            AND (o.about_source IS NULL OR e.source = o.about_source), FALSE)
        AND NOT coalesce(o.about_kind = 'account' AND e.account = o.about
            AND (o.about_source IS NULL OR e.source = o.about_source), FALSE)
        AND e.period_end < o.as_of
),
of_statements AS (
    SELECT observation,
        sum(balance_minor) FILTER (period_end >= as_of - 90 * 86400000000) AS balance_90d,
        count(*) FILTER (period_end >= as_of - 90 * 86400000000) AS n_90d,
        sum(balance_minor) FILTER (period_end >= as_of - 180 * 86400000000) AS balance_180d,
        count(*) FILTER (period_end >= as_of - 180 * 86400000000) AS n_180d,
        sum(balance_minor) FILTER (period_end >= as_of - 365 * 86400000000) AS balance_365d,
        count(*) FILTER (period_end >= as_of - 365 * 86400000000) AS n_365d,
        max(balance_minor) FILTER (period_end >= as_of - 365 * 86400000000) AS balance_365d_max_minor,
        max(balance_minor) FILTER (period_end >= as_of - 730 * 86400000000) AS balance_730d_max_minor,
        min(balance_minor) FILTER (period_end >= as_of - 365 * 86400000000) AS balance_365d_min_minor,
        arg_max(balance_minor, (period_end, known_at, record, source)) AS balance_latest_minor,
        sum(d) FILTER (period_end >= as_of - 180 * 86400000000) AS d_180d,
        sum(d * d) FILTER (period_end >= as_of - 180 * 86400000000) AS dd_180d,
        sum(d::HUGEINT * balance_minor) FILTER (period_end >= as_of - 180 * 86400000000) AS db_180d,
        sum(d) FILTER (period_end >= as_of - 365 * 86400000000) AS d_365d,
        sum(d * d) FILTER (period_end >= as_of - 365 * 86400000000) AS dd_365d,
        sum(d::HUGEINT * balance_minor) FILTER (period_end >= as_of - 365 * 86400000000) AS db_365d,
        sum(paid_minor) FILTER (period_end >= as_of - 90 * 86400000000) AS paid_90d_minor,
        sum(paid_minor) FILTER (period_end >= as_of - 180 * 86400000000) AS paid_180d_minor,
        sum(paid_minor) FILTER (period_end >= as_of - 365 * 86400000000) AS paid_365d_minor,
        min(period_end) AS first_at,
        quantile_disc(balance_minor, 0.5) FILTER (period_end >= as_of - 365 * 86400000000) AS balance_365d_median_minor
    FROM statements GROUP BY observation
),
states AS (
    SELECT observation, source, account,
        arg_max({'balance': balance_minor, 'limit': limit_minor}, (period_end, known_at, record)) AS last
    FROM statements GROUP BY observation, source, account
),
of_states AS (
    SELECT observation, sum(last.balance) AS balance_now_minor, sum(last.limit) AS limit_now_minor,
        count(*) AS accounts_now_count
    FROM states GROUP BY observation
)
SELECT o.observation,
    coalesce(due_30d_count, 0) AS due_30d_count, coalesce(due_90d_count, 0) AS due_90d_count,
    coalesce(due_180d_count, 0) AS due_180d_count, coalesce(due_365d_count, 0) AS due_365d_count,
    coalesce(due_730d_count, 0) AS due_730d_count,
    due_30d_minor::BIGINT AS due_30d_minor, due_90d_minor::BIGINT AS due_90d_minor,
    due_180d_minor::BIGINT AS due_180d_minor, due_365d_minor::BIGINT AS due_365d_minor,
    due_730d_minor::BIGINT AS due_730d_minor,
    floor(late_90d_max_days)::BIGINT AS late_90d_max_days,
    floor(late_365d_max_days)::BIGINT AS late_365d_max_days,
    floor(late_ever_max_days)::BIGINT AS late_ever_max_days,
    late_90d::DOUBLE / nullif(due_90d_count, 0)::DOUBLE AS late_90d_share,
    late_365d::DOUBLE / nullif(due_365d_count, 0)::DOUBLE AS late_365d_share,
    late_ever::DOUBLE / nullif(due_ever, 0)::DOUBLE AS late_ever_share,
    due_latest_minor,
    CAST(floor(((as_of - last_due_at) >> 13) / 10546875) AS BIGINT) AS due_recency_days,
    due_30d_ahead_minor::BIGINT AS due_30d_ahead_minor,
    due_90d_ahead_minor::BIGINT AS due_90d_ahead_minor,
    late_180d::BIGINT::DOUBLE / nullif(due_180d_count, 0)::DOUBLE AS late_180d_mean_days,
    late_730d::BIGINT::DOUBLE / nullif(due_730d_count, 0)::DOUBLE AS late_730d_mean_days,
    coalesce(moves_30d_count, 0) AS moves_30d_count, coalesce(moves_90d_count, 0) AS moves_90d_count,
    coalesce(moves_180d_count, 0) AS moves_180d_count,
    coalesce(moves_365d_count, 0) AS moves_365d_count,
    coalesce(moves_730d_count, 0) AS moves_730d_count,
    moved_30d_minor::BIGINT AS moved_30d_minor, moved_90d_minor::BIGINT AS moved_90d_minor,
    moved_180d_minor::BIGINT AS moved_180d_minor, moved_365d_minor::BIGINT AS moved_365d_minor,
    moved_730d_minor::BIGINT AS moved_730d_minor,
    moved_90d_minor::BIGINT::DOUBLE / nullif(moves_90d_count, 0)::DOUBLE AS moved_90d_mean_minor,
    moved_180d_minor::BIGINT::DOUBLE / nullif(moves_180d_count, 0)::DOUBLE AS moved_180d_mean_minor,
    moved_365d_minor::BIGINT::DOUBLE / nullif(moves_365d_count, 0)::DOUBLE AS moved_365d_mean_minor,
    sqrt(CASE WHEN moves_180d_count > 1 THEN
        (moves_180d_count * squares_180d - moved_180d_minor * moved_180d_minor)::VARCHAR::DOUBLE
        / (moves_180d_count * (moves_180d_count - 1))::DOUBLE END) AS moved_180d_spread_minor,
    sqrt(CASE WHEN moves_365d_count > 1 THEN
        (moves_365d_count * squares_365d - moved_365d_minor * moved_365d_minor)::VARCHAR::DOUBLE
        / (moves_365d_count * (moves_365d_count - 1))::DOUBLE END) AS moved_365d_spread_minor,
    moved_90d_max_minor, moved_365d_max_minor, moved_ever_max_minor,
    coalesce(categories_365d_count, 0) AS categories_365d_count,
    CAST(floor(((as_of - last_moved_at) >> 13) / 10546875) AS BIGINT) AS moved_recency_days,
    balance_now_minor::BIGINT AS balance_now_minor, limit_now_minor::BIGINT AS limit_now_minor,
    balance_now_minor::BIGINT::DOUBLE / nullif(limit_now_minor, 0)::BIGINT::DOUBLE AS utilisation_now_ratio,
    coalesce(accounts_now_count, 0) AS accounts_now_count,
    balance_90d::BIGINT::DOUBLE / nullif(n_90d, 0)::DOUBLE AS balance_90d_mean_minor,
    balance_180d::BIGINT::DOUBLE / nullif(n_180d, 0)::DOUBLE AS balance_180d_mean_minor,
    balance_365d::BIGINT::DOUBLE / nullif(n_365d, 0)::DOUBLE AS balance_365d_mean_minor,
    balance_365d_max_minor, balance_730d_max_minor, balance_365d_min_minor, balance_latest_minor,
    (d_180d * balance_180d - n_180d * db_180d)::BIGINT::DOUBLE
        / nullif(n_180d * dd_180d - d_180d * d_180d, 0)::BIGINT::DOUBLE AS balance_180d_trend_minor_per_day,
    (d_365d * balance_365d - n_365d * db_365d)::BIGINT::DOUBLE
        / nullif(n_365d * dd_365d - d_365d * d_365d, 0)::BIGINT::DOUBLE AS balance_365d_trend_minor_per_day,
    paid_90d_minor::BIGINT AS paid_90d_minor, paid_180d_minor::BIGINT AS paid_180d_minor,
    paid_365d_minor::BIGINT AS paid_365d_minor,
    CAST(floor(((as_of - first_at) >> 13) / 10546875) AS BIGINT) AS first_statement_days,
    balance_365d_median_minor
FROM observations o
LEFT JOIN of_instalments USING (observation)
LEFT JOIN of_transactions USING (observation)
LEFT JOIN of_statements USING (observation)
LEFT JOIN of_states USING (observation)
