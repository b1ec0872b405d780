-- The table has no dates: all are looked at on one day, and the outcome is known two years on.
select
    id as subject,
    date '2008-01-01' as as_of,
    case "SeriousDlqin2yrs" when 1 then 'bad' else 'good' end as outcome,
    date '2010-01-01' as outcome_known_at
from training
