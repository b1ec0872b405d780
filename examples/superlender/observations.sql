-- One observation for each current loan, at the moment of its approval.  Whether it was settled
-- on time is known a week after its term, for good loans and bad ones alike.
select
    customerid as subject,
    approveddate as as_of,
    'account' as about_kind,
    'loans' as about_source,
    systemloanid as about,
    lower(good_bad_flag) as outcome,
    cast(approveddate as timestamp) + to_days(cast(termdays as integer) + 7) as outcome_known_at
from perf
