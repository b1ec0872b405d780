-- ---
-- source = "application_form"
-- historical = true
-- ---
-- What the application says, known on the day before it was decided.
select
    "SK_ID_CURR" as record,
    "SK_ID_CURR" as subject,
    date '2017-12-31' as happened_at,
    year(date '2018-01-01' + cast("DAYS_BIRTH" as integer)) as birth_year,
    "NAME_EDUCATION_TYPE" as education,
    "OCCUPATION_TYPE" as occupation,
    "NAME_INCOME_TYPE" as employment,
    if("DAYS_EMPLOYED" <= 0,
       date '2018-01-01' + cast("DAYS_EMPLOYED" as integer), null) as employed_since,
    "NAME_HOUSING_TYPE" as residence,
    date '2018-01-01' + cast("DAYS_REGISTRATION" as integer) as resident_since,
    date '2018-01-01' + cast("DAYS_LAST_PHONE_CHANGE" as integer) as phone_since,
    "CNT_FAM_MEMBERS" as household_size,
    'rating ' || "REGION_RATING_CLIENT" as region,
    case "CODE_GENDER" when 'F' then 'female' when 'M' then 'male' end as sex,
    "NAME_FAMILY_STATUS" as marital_status
from application
