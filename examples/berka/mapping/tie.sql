-- ---
-- source = "bank"
-- historical = true
-- ---
-- Who may dispose of whose account.
select
    'disposition-' || other.disp_id as record,
    owner.client_id as subject,
    cast(strptime('19' || accounts.date, '%Y%m%d') as date) as happened_at,
    other.client_id as other,
    'shares_account' as relation,
    1000 as strength_permille
from dispositions as owner
join dispositions as other using (account_id)
join accounts using (account_id)
where owner.type = 'OWNER' and other.type = 'DISPONENT'
