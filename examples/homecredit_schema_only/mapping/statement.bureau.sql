-- ---
-- source = "bureau"
-- historical = true
-- ---
-- What the bureau last heard of a loan at another lender: one statement each.
select
    "SK_ID_BUREAU" as record,
    "SK_ID_CURR" as subject,
    "SK_ID_BUREAU" as account,
    date '2018-01-01' + cast("DAYS_CREDIT_UPDATE" as integer) as period_end,
    coalesce(cast(round("AMT_CREDIT_SUM_DEBT" * 100) as bigint), 0) as balance_minor,
    nullif(cast(round("AMT_CREDIT_SUM_LIMIT" * 100) as bigint), 0) as limit_minor,
    "CREDIT_DAY_OVERDUE" as days_past_due,
    case
        when "CREDIT_ACTIVE" = 'Closed' then 'closed'
        when "CREDIT_ACTIVE" = 'Sold' then 'collection'
        when "CREDIT_DAY_OVERDUE" >= 90 then 'default'
        when "CREDIT_DAY_OVERDUE" > 0 then 'late'
        else 'current'
    end as status
from bureau
