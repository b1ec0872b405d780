-- ---
-- source = "loans"
-- historical = true
-- naive_times = "Africa/Lagos"
-- ---
-- The set dates one repayment of each earlier loan: the first.  Loans of 15 and 30 days have no
-- other; of those of 60 and 90 days we know when the rest was paid from the loan's closing.
select
    systemloanid || '-1' as record,
    customerid as subject,
    approveddate as known_at,
    firstduedate as due_at,
    systemloanid as account,
    cast(round(totaldue * 100 / greatest(termdays // 30, 1)) as bigint) as due_minor,
    cast(round(totaldue * 100 / greatest(termdays // 30, 1)) as bigint) as paid_minor,
    firstrepaiddate as paid_at
from prevloans
