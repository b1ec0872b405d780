-- ---
-- source = "application_form"
-- historical = true
-- ---
select
    "SK_ID_CURR" || '-' || lower(name) as record,
    "SK_ID_CURR" as subject,
    date '2017-12-31' as happened_at,
    lower(name) as name,
    number
from (select "SK_ID_CURR", "EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3" from application)
unpivot (number for name in ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3"))
