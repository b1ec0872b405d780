-- ---
-- source = "otc"
-- historical = true
-- naive_times = "UTC"
-- ---
-- Whom somebody trusts, from 1 (a little) to 10 (as oneself).  Distrust is no tie.
select
    concat(source, ' ', target) as record,
    source as subject,
    target as other,
    make_timestamp(cast(floor(time * 1000000) as bigint)) as happened_at,
    'trusts' as relation,
    100 * rating as strength_permille
from ratings
where rating > 0
