-- ---
-- source = "flat_table"
-- historical = true
-- ---
-- The publisher's codes in words.  A row's own content stands for the person.
with coded as (
    select md5(cast(german as varchar)) as id, * from german
),
numbers as (
    select id, name, number, null as text
    from (
        select
            id,
            cast(age as double) as age_years,
            cast(residence_since as double) as residence_since_years,
            cast(num_dependents as double) as dependents_count,
            cast(existing_credits as double) as existing_credits_count,
            cast(credit_amount as double) as credit_amount,
            cast(duration as double) as duration_months,
            cast(installment_rate as double) as installment_rate_percent
        from coded
    )
    unpivot (number for name in (columns(* exclude (id))))
),
words(code, word) as (
    values
        ('A11', 'below 0'), ('A12', '0 to 200 marks'), ('A13', '200 marks or salary account'),
        ('A14', 'no current account'),
        ('A30', 'none taken or all paid duly'), ('A31', 'all at this bank paid duly'),
        ('A32', 'existing paid duly till now'), ('A33', 'delays in the past'),
        ('A34', 'critical or credits elsewhere'),
        ('A40', 'new car'), ('A41', 'used car'), ('A42', 'furniture'),
        ('A43', 'radio or television'), ('A44', 'appliances'), ('A45', 'repairs'),
        ('A46', 'education'), ('A48', 'retraining'), ('A49', 'business'), ('A410', 'other'),
        ('A61', 'below 100 marks'), ('A62', '100 to 500 marks'), ('A63', '500 to 1000 marks'),
        ('A64', '1000 marks and over'), ('A65', 'unknown or none'),
        ('A71', 'unemployed'), ('A72', 'below 1 year'), ('A73', '1 to 4 years'),
        ('A74', '4 to 7 years'), ('A75', '7 years and over'),
        ('A91', 'man, divorced or separated'), ('A92', 'woman, not single'),
        ('A93', 'man, single'), ('A94', 'man, married or widowed'), ('A95', 'woman, single'),
        ('A101', 'none'), ('A102', 'co-applicant'), ('A103', 'guarantor'),
        ('A121', 'real estate'), ('A122', 'savings agreement or life insurance'),
        ('A123', 'car or other'), ('A124', 'unknown or none'),
        ('A141', 'bank'), ('A142', 'stores'), ('A143', 'none'),
        ('A151', 'rented'), ('A152', 'owned'), ('A153', 'free'),
        ('A171', 'unemployed or unskilled non-resident'), ('A172', 'unskilled resident'),
        ('A173', 'skilled'), ('A174', 'management, self-employed or highly qualified'),
        ('A191', 'none'), ('A192', 'registered'),
        ('A201', 'yes'), ('A202', 'no')
),
texts as (
    select id, name, null::double as number, coalesce(word, text) as text
    from (
        select id, checking_status, credit_history, purpose, savings, employment,
            personal_status_sex, other_debtors, property, other_installment_plans, housing, job,
            telephone, foreign_worker
        from coded
    )
    unpivot (text for name in (columns(* exclude (id))))
    left join words on code = text
),
groups as (
    select id, 'sex' as name, null::double as number,
        case when personal_status_sex in ('A92', 'A95') then 'female' else 'male' end as text
    from coded
    union all
    select id, 'age_group', null,
        case
            when age < 25 then 'under 25' when age < 35 then '25 to 34'
            when age < 50 then '35 to 49' else '50 and over'
        end
    from coded
)
select id || '-' || name as record, id as subject, date '1974-12-31' as happened_at,
    name, number, text
from (from numbers union all from texts union all from groups)
