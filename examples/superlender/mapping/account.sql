-- ---
-- source = "loans"
-- historical = true
-- naive_times = "Africa/Lagos"
-- ---
-- Every loan, the earlier and the current.  That it was closed is known when it was.
select
    systemloanid as record,
    customerid as subject,
    approveddate as opened_at,
    'mobile_loan' as product,
    false as secured,
    cast(round(loanamount * 100) as bigint) as principal_minor,
    termdays as term_days,
    closeddate as closed_at
from (
    select systemloanid, customerid, approveddate, loanamount, termdays, closeddate from prevloans
    union all
    select systemloanid, customerid, approveddate, loanamount, termdays, null from perf
)
