-- ---
-- source = "customers"
-- historical = true
-- naive_times = "UTC"
-- ---
-- The form is filled in before the first loan; the set does not date it, and creation times are
-- the set's only ones in UTC.  Twelve customers stand in it twice, word for word.
select
    customerid as record,
    customerid as subject,
    first_request as happened_at,
    birth_year,
    lower(level_of_education_clients) as education,
    lower(employment_status_clients) as employment
from (select distinct * from demographics)
join (
    select customerid, min(creationdate) as first_request
    from (select customerid, creationdate from prevloans
          union all select customerid, creationdate from perf)
    group by customerid
) using (customerid)
