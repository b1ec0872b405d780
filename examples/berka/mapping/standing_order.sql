-- ---
-- source = "bank"
-- historical = true
-- ---
-- Standing orders carry no date: they are what stood when the tables were drawn, and no loan may
-- see them.
select
    order_id as record,
    client_id as subject,
    date '1999-01-01' as happened_at,
    cast(round(amount * 100) as bigint) as amount_minor,
    case nullif(trim(k_symbol), '')
        when 'SIPO' then 'household' when 'POJISTNE' then 'insurance'
        when 'UVER' then 'loan payment' when 'LEASING' then 'leasing'
        else 'other'
    end as purpose
from standing_orders
join dispositions using (account_id)
where dispositions.type = 'OWNER'
