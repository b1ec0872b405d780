-- Days are counted from an application whose date is not published: all are looked at on one day.
select
    "SK_ID_CURR" as subject,
    date '2018-01-01' as as_of,
    case "TARGET" when 1 then 'bad' else 'good' end as outcome,
    date '2019-01-01' as outcome_known_at
from application
