-- ---
-- source = "bank"
-- historical = true
-- ---
-- Current accounts, loans and cards.  A month of a loan's term is 30 days; that a loan ended is
-- known when it did, and says nothing of how.
with holder as (
    select account_id, client_id, count(*) over (partition by account_id) as holders, type
    from dispositions
)
select
    'account-' || account_id as record,
    client_id as subject,
    cast(strptime('19' || date, '%Y%m%d') as date) as opened_at,
    'current_account' as product,
    if(holders > 1, 'joint', 'alone') as ownership,
    null::bigint as principal_minor,
    null::integer as term_days,
    null::date as closed_at
from accounts join holder using (account_id)
where type = 'OWNER'
union all
select
    'loan-' || loan_id, client_id, cast(strptime('19' || date, '%Y%m%d') as date), 'loan',
    if(holders > 1, 'joint', 'alone'), amount * 100, duration * 30,
    if(status in ('A', 'B'),
       cast(strptime('19' || date, '%Y%m%d') + to_months(duration) as date), null)
from loans join holder using (account_id)
where type = 'OWNER'
union all
select
    'card-' || card_id, client_id, cast(strptime('19' || left(issued, 6), '%Y%m%d') as date),
    cards.type || '_card', null, null, null, null
from cards join dispositions using (disp_id)
