-- ---
-- source = "application_form"
-- historical = true
-- ---
select
    "SK_ID_CURR" as record,
    "SK_ID_CURR" as subject,
    date '2017-12-31' as happened_at,
    cast(round("AMT_INCOME_TOTAL" * 100) as bigint) as income_minor
from application
