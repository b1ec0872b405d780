-- ---
-- source = "requests"
-- historical = true
-- naive_times = "UTC"
-- ---
-- What was asked for, alone and against the loans granted before.  Requests are timed in UTC, and
-- approvals, seconds later, in Lagos.
with requests as (
    select * exclude (closeddate, firstduedate, firstrepaiddate) from prevloans
    union all by name
    select * exclude (good_bad_flag) from perf
),
named as (
    select
        systemloanid, customerid, creationdate,
        round(loanamount * 100) as requested_minor,
        cast(termdays as double) as requested_term_days,
        totaldue / loanamount - 1 as requested_cost_share,
        loanamount / lag(loanamount) over earlier as requested_to_last_ratio,
        loanamount / avg(loanamount) over before as requested_to_mean_ratio,
        cast(termdays - lag(termdays) over earlier as double) as requested_term_change_days,
        cast(loannumber as double) as loan_number,
        if(referredby is null, 0.0, 1.0)::double as was_referred
    from requests
    window
        earlier as (partition by customerid order by creationdate, systemloanid),
        before as (
            partition by customerid order by creationdate, systemloanid
            rows between unbounded preceding and 1 preceding
        )
)
select
    systemloanid || '-' || name as record, customerid as subject, creationdate as happened_at,
    name, number
from named
unpivot (
    number for name in (columns(* exclude (systemloanid, customerid, creationdate)))
)
