-- One observation for each loan, on its day.  A finished loan's outcome is known at its end, a
-- running one's when the tables were drawn.
select
    disposition.client_id as subject,
    granted as as_of,
    'account' as about_kind,
    'bank' as about_source,
    'loan-' || loan_id as about,
    case when status in ('B', 'D') then 'bad' else 'good' end as outcome,
    case
        when status in ('A', 'B') then cast(granted + to_months(duration) as date)
        else date '1999-01-01'
    end as outcome_known_at
from (select *, cast(strptime('19' || date, '%Y%m%d') as date) as granted from loans) as loan
join dispositions as disposition
    on disposition.account_id = loan.account_id and disposition.type = 'OWNER'
