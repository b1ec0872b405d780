-- ---
-- source = "card_system"
-- historical = true
-- ---
-- The state of payment as the bank codes it: a statement's status does not tell a card that
-- was not used from one that was paid in full.
select
    "ID" || '-repayment_state-' || strftime(period_end, '%Y-%m') as record,
    "ID" as subject,
    period_end as happened_at,
    'repayment_state' as name,
    case
        when state = -2 then 'nothing used' when state = -1 then 'paid in full'
        when state = 0 then 'paid in part' else 'late'
    end as text
from (
    select "ID", unnest([
        {period_end: date '2005-04-30', state: "PAY_6"},
        {period_end: date '2005-05-31', state: "PAY_5"},
        {period_end: date '2005-06-30', state: "PAY_4"},
        {period_end: date '2005-07-31', state: "PAY_3"},
        {period_end: date '2005-08-31', state: "PAY_2"},
        {period_end: date '2005-09-30', state: "PAY_0"}
    ], recursive := true)
    from clients
)
