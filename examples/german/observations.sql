-- The table has neither dates nor ids: a row's own content stands for the person (no two rows
-- are alike), and all are looked at on one day.
select
    md5(cast(german as varchar)) as subject,
    date '1975-01-01' as as_of,
    case class when 2 then 'bad' else 'good' end as outcome,
    date '1979-01-01' as outcome_known_at
from german
