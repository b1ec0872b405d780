-- ---
-- source = "bank"
-- historical = true
-- ---
-- Known since the account was opened.  A birth number is the day of birth; women have 50 added
-- to the month.
select
    client_id as record,
    client_id as subject,
    cast(strptime('19' || account.date, '%Y%m%d') as date) as happened_at,
    1900 + birth_number // 10000 as birth_year,
    district."A3" as region,
    case when birth_number // 100 % 100 > 50 then 'female' else 'male' end as sex
from clients as client
join dispositions as disposition using (client_id)
join accounts as account using (account_id)
join districts as district on district."A1" = client.district_id
