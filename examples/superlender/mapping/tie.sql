-- ---
-- source = "requests"
-- historical = true
-- naive_times = "UTC"
-- ---
-- Who brought whom.  The customers it names are in part not borrowers of this set.
select
    systemloanid || '-referral' as record,
    customerid as subject,
    creationdate as happened_at,
    referredby as other,
    'referred_by' as relation,
    1000 as strength_permille
from (
    select systemloanid, customerid, creationdate, referredby from prevloans
    union all
    select systemloanid, customerid, creationdate, referredby from perf
)
where referredby is not null
