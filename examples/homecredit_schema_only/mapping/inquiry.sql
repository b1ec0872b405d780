-- ---
-- source = "home_credit"
-- historical = true
-- ---
-- Every earlier application, whatever became of it.
select
    "SK_ID_PREV" as record,
    "SK_ID_CURR" as subject,
    date '2018-01-01' + cast("DAYS_DECISION" as integer) as happened_at,
    "NAME_CONTRACT_TYPE" as purpose,
    'home_credit' as lender
from previous_application
