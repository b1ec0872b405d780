-- ---
-- source = "bureau"
-- historical = true
-- ---
-- Loans at other lenders.
select
    "SK_ID_BUREAU" as record,
    "SK_ID_CURR" as subject,
    date '2018-01-01' + cast("DAYS_CREDIT" as integer) as opened_at,
    lower("CREDIT_TYPE") as product,
    "CREDIT_TYPE" in ('Mortgage', 'Car loan') as secured,
    nullif(cast(round("AMT_CREDIT_SUM_LIMIT" * 100) as bigint), 0) as limit_minor,
    cast(round("AMT_CREDIT_SUM" * 100) as bigint) as principal_minor,
    if("DAYS_CREDIT_ENDDATE" >= "DAYS_CREDIT",
       cast("DAYS_CREDIT_ENDDATE" - "DAYS_CREDIT" as integer), null) as term_days,
    if("CREDIT_ACTIVE" = 'Closed' and "DAYS_ENDDATE_FACT" between "DAYS_CREDIT" and 0,
       date '2018-01-01' + cast("DAYS_ENDDATE_FACT" as integer), null) as closed_at
from bureau
