-- ---
-- source = "loan_desk"
-- historical = true
-- ---
-- What was asked for, dated the day before the loan, which is itself what the observation is
-- about and left out.
select
    loan_id || '-' || name as record,
    client_id as subject,
    cast(granted - to_days(1) as date) as happened_at,
    name,
    number
from (
    select loan_id, account_id,
        strptime('19' || date, '%Y%m%d') as granted,
        amount * 100::double as requested_minor,
        cast(duration as double) as requested_term_months,
        payments * 100 as requested_payment_minor
    from loans
)
unpivot (
    number for name in (requested_minor, requested_term_months, requested_payment_minor)
)
join dispositions using (account_id)
where dispositions.type = 'OWNER'
