-- ---
-- source = "bank"
-- historical = true
-- ---
-- How statements are sent, and what is published of the district in which a client lives.
-- Unemployment is of 1995 and of 1996 and known on the first day of the year after; the other
-- figures carry no date and are taken as known since the account was opened.
with client as (
    select client_id, district_id, frequency,
        cast(strptime('19' || account.date, '%Y%m%d') as date) as opened
    from clients as c
    join dispositions using (client_id)
    join (select account_id, date, frequency from accounts) as account using (account_id)
),
figures as (
    select client_id, opened as happened_at, 'district_urban_percent' as name, "A10" as number
    from client join districts on "A1" = district_id
    union all
    select client_id, opened, 'district_salary', "A11"
    from client join districts on "A1" = district_id
    union all
    select client_id, opened, 'district_inhabitants', "A4"
    from client join districts on "A1" = district_id
    union all
    select client_id, opened, 'district_entrepreneurs_permille', "A14"
    from client join districts on "A1" = district_id
    union all
    select client_id, greatest(opened, date '1996-01-01'), 'district_unemployment_percent', "A12"
    from client join districts on "A1" = district_id
    where opened < date '1997-01-01'
    union all
    select client_id, greatest(opened, date '1997-01-01'), 'district_unemployment_percent', "A13"
    from client join districts on "A1" = district_id
)
select client_id || '-' || name || '-' || happened_at as record, client_id as subject,
    happened_at, name, number, null as text
from figures
where number is not null
union all
select client_id || '-statement_frequency', client_id, opened, 'statement_frequency', null,
    case frequency
        when 'POPLATEK MESICNE' then 'monthly' when 'POPLATEK TYDNE' then 'weekly'
        else 'after each transaction'
    end
from client
