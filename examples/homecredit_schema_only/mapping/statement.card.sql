-- ---
-- source = "home_credit"
-- historical = true
-- ---
-- Monthly statements of credit cards.
select
    'card-' || "SK_ID_PREV" || '-' || "MONTHS_BALANCE" as record,
    "SK_ID_CURR" as subject,
    "SK_ID_PREV" as account,
    cast(date '2018-01-01' + to_months("MONTHS_BALANCE") as date) as period_end,
    cast(round("AMT_BALANCE" * 100) as bigint) as balance_minor,
    cast("AMT_CREDIT_LIMIT_ACTUAL" * 100 as bigint) as limit_minor,
    cast(round("AMT_INST_MIN_REGULARITY" * 100) as bigint) as minimum_due_minor,
    cast(round("AMT_PAYMENT_CURRENT" * 100) as bigint) as paid_minor,
    "SK_DPD" as days_past_due,
    case
        when "NAME_CONTRACT_STATUS" = 'Completed' then 'closed'
        when "SK_DPD" >= 90 then 'default'
        when "SK_DPD" > 0 then 'late'
        else 'current'
    end as status
from credit_card_balance
