-- ---
-- source = "card_system"
-- historical = true
-- ---
-- Six statements a card, each known on its day.  The state of payment is -2 (nothing used),
-- -1 (paid in full), 0 (paid in part), or the months of delay: days past due are 30 a month.
-- The limit is published once and taken to hold for all six months.
select
    "ID" || '-' || strftime(period_end, '%Y-%m') as record,
    "ID" as subject,
    "ID" as account,
    period_end,
    bill * 100 as balance_minor,
    "LIMIT_BAL" * 100 as limit_minor,
    paid * 100 as paid_minor,
    30 * greatest(state, 0) as days_past_due,
    case when state >= 3 then 'default' when state >= 1 then 'late' else 'current' end as status
from (
    select "ID", "LIMIT_BAL", unnest([
        {period_end: date '2005-04-30', state: "PAY_6", bill: "BILL_AMT6", paid: "PAY_AMT6"},
        {period_end: date '2005-05-31', state: "PAY_5", bill: "BILL_AMT5", paid: "PAY_AMT5"},
        {period_end: date '2005-06-30', state: "PAY_4", bill: "BILL_AMT4", paid: "PAY_AMT4"},
        {period_end: date '2005-07-31', state: "PAY_3", bill: "BILL_AMT3", paid: "PAY_AMT3"},
        {period_end: date '2005-08-31', state: "PAY_2", bill: "BILL_AMT2", paid: "PAY_AMT2"},
        {period_end: date '2005-09-30', state: "PAY_0", bill: "BILL_AMT1", paid: "PAY_AMT1"}
    ], recursive := true)
    from clients
)
