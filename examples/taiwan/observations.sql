-- One observation for each card holder, on the day after the last statement.
select
    "ID" as subject,
    date '2005-10-01' as as_of,
    case "default payment next month" when 1 then 'bad' else 'good' end as outcome,
    date '2005-11-01' as outcome_known_at
from clients
