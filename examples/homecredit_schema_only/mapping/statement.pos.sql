-- ---
-- source = "home_credit"
-- historical = true
-- ---
-- Monthly snapshots of loans: the table counts the instalments to come, and an instalment is
-- the loan's annuity.
select
    'pos-' || pos."SK_ID_PREV" || '-' || "MONTHS_BALANCE" as record,
    pos."SK_ID_CURR" as subject,
    pos."SK_ID_PREV" as account,
    cast(date '2018-01-01' + to_months("MONTHS_BALANCE") as date) as period_end,
    cast(round("CNT_INSTALMENT_FUTURE" * "AMT_ANNUITY" * 100) as bigint) as balance_minor,
    "SK_DPD" as days_past_due,
    case
        when pos."NAME_CONTRACT_STATUS" = 'Completed' then 'closed'
        when "SK_DPD" >= 90 then 'default'
        when "SK_DPD" > 0 then 'late'
        else 'current'
    end as status
from pos_cash_balance as pos
join previous_application using ("SK_ID_PREV")
