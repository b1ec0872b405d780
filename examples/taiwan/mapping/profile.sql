-- ---
-- source = "customer_file"
-- historical = true
-- ---
-- Sex and marital status are protected groups: kept apart, never features.  Codes that the
-- publisher does not explain (education 0, 5, 6; marriage 0) stand as "other".
select
    "ID" as record,
    "ID" as subject,
    date '2005-04-01' as happened_at,
    2005 - "AGE" as birth_year,
    case "EDUCATION"
        when 1 then 'graduate_school' when 2 then 'university' when 3 then 'high_school'
        else 'other'
    end as education,
    case "SEX" when 1 then 'male' when 2 then 'female' end as sex,
    case "MARRIAGE" when 1 then 'married' when 2 then 'single' else 'other' end as marital_status
from clients
