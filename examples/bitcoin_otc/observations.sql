-- Everybody who had rated or been rated before, and is rated in the year after.  Three looks to
-- learn from, whose years are over at the fourth, which is held out.
with looks as (
    select unnest([date '2011-10-13', date '2012-01-13', date '2012-04-13', date '2013-04-13'])
        as looked
),
told as (
    select source, target, rating, make_timestamp(cast(floor(time * 1000000) as bigint)) as said
    from ratings
),
met as (
    select source as trader, min(said) as first_said from told group by 1
    union all
    select target, min(said) from told group by 1
),
later as (
    select looked, target, avg(rating) as mean_rating
    from looks join told on said >= looked and said < looked + interval 365 days
    group by looked, target
)
select
    target as subject,
    looked as as_of,
    case when mean_rating < 0 then 'bad' else 'good' end as outcome,
    looked + interval 365 days as outcome_known_at
from later
where target in (select trader from met where first_said < looked)
order by looked, target
