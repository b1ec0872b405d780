-- ---
-- source = "bureau"
-- historical = true
-- ---
-- Months without amounts fit no standard kind; benne.toml declares one for them.
select
    "SK_ID_BUREAU" || '-' || "MONTHS_BALANCE" as record,
    "SK_ID_CURR" as subject,
    "SK_ID_BUREAU" as account,
    cast(date '2018-01-01' + to_months("MONTHS_BALANCE") as date) as period_end,
    try_cast("STATUS" as integer) as months_past_due,
    case "STATUS" when 'C' then 'closed' when 'X' then 'unknown' else 'open' end as status
from bureau_balance
join bureau using ("SK_ID_BUREAU")
