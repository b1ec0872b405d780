-- ---
-- source = "bank"
-- historical = true
-- ---
-- The first 99,999 rows of 1,056,320, to 1994-10-31: see the README before using them.
select
    trans_id as record,
    client_id as subject,
    cast(strptime('19' || date, '%Y%m%d') as date) as happened_at,
    cast(round(amount * 100) as bigint) * if(transactions.type = 'PRIJEM', 1, -1) as amount_minor,
    case nullif(trim(k_symbol), '')
        when 'SIPO' then 'household' when 'POJISTNE' then 'insurance'
        when 'UVER' then 'loan payment' when 'SLUZBY' then 'fees' when 'UROK' then 'interest'
        when 'SANKC. UROK' then 'penalty interest' when 'DUCHOD' then 'pension'
        else 'other'
    end as category,
    case operation
        when 'VKLAD' then 'cash in' when 'VYBER' then 'cash out'
        when 'PREVOD Z UCTU' then 'transfer in' when 'PREVOD NA UCET' then 'transfer out'
        when 'VYBER KARTOU' then 'card' else 'bank'
    end as channel,
    if(account > 0, coalesce(bank, '') || '-' || cast(account as bigint), null) as counterparty
from transactions
join dispositions using (account_id)
where dispositions.type = 'OWNER'
