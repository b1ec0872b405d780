-- ---
-- source = "requests"
-- historical = true
-- naive_times = "UTC"
-- ---
-- What was asked for.  Requests are timed in UTC, and approvals, seconds later, in Lagos.
select
    systemloanid || '-' || name as record, customerid as subject, creationdate as happened_at,
    name, number
from (
    select systemloanid, customerid, creationdate,
        round(loanamount * 100) as requested_minor,
        cast(termdays as double) as requested_term_days,
        totaldue / loanamount - 1 as requested_cost_share,
        cast(loannumber as double) as loan_number,
        cast(referredby is not null as integer)::double as was_referred
    from (select * exclude (closeddate, firstduedate, firstrepaiddate) from prevloans
          union all by name select * exclude (good_bad_flag) from perf)
)
unpivot (
    number for name in (
        requested_minor, requested_term_days, requested_cost_share, loan_number, was_referred
    )
)
