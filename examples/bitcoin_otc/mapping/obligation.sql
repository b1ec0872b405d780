-- ---
-- source = "otc"
-- historical = true
-- naive_times = "UTC"
-- ---
-- A rating that somebody received: a trade that was kept, or one that never was.
select
    concat(source, ' ', target) as record,
    target as subject,
    make_timestamp(cast(floor(time * 1000000) as bigint)) as due_at,
    'trade' as contract,
    1 as due_minor,
    case when rating > 0 then 1 else 0 end as paid_minor,
    case when rating > 0 then make_timestamp(cast(floor(time * 1000000) as bigint)) end as paid_at
from ratings
