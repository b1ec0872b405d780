-- ---
-- source = "customers"
-- historical = true
-- naive_times = "UTC"
-- ---
-- What the form says that no kind has a column for.
with form as (
    select *
    from (select distinct * from demographics)
    join (
        select customerid, min(creationdate) as happened_at
        from (select customerid, creationdate from prevloans
              union all select customerid, creationdate from perf)
        group by customerid
    ) using (customerid)
)
select
    customerid || '-' || name as record, customerid as subject, happened_at, name, number, text
from (
    select customerid, happened_at, 'bank_name' as name, null::double as number,
        bank_name_clients as text from form
    union all
    select customerid, happened_at, 'bank_account_type', null, bank_account_type from form
    union all
    select customerid, happened_at, 'longitude_degrees', longitude_gps, null from form
    union all
    select customerid, happened_at, 'latitude_degrees', latitude_gps, null from form
)
where number is not null or text is not null
