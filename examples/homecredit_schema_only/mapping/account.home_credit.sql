-- ---
-- source = "home_credit"
-- historical = true
-- ---
-- Earlier applications that became loans.  365243 days stand for never; an end before the
-- beginning, which the altering of the values left behind, is no end.
select
    "SK_ID_PREV" as record,
    "SK_ID_CURR" as subject,
    date '2018-01-01' + cast("DAYS_DECISION" as integer) as opened_at,
    lower("NAME_CONTRACT_TYPE") as product,
    cast(round("AMT_CREDIT" * 100) as bigint) as principal_minor,
    nullif(cast("CNT_PAYMENT" as integer), 0) * 30 as term_days,
    if("DAYS_TERMINATION" between "DAYS_DECISION" and 0,
       date '2018-01-01' + cast("DAYS_TERMINATION" as integer), null) as closed_at
from previous_application
where "NAME_CONTRACT_STATUS" = 'Approved'
