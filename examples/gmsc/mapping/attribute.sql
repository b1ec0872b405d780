-- ---
-- source = "flat_table"
-- historical = true
-- ---
-- One record for each variable that has a value; where there is none, nothing is known.
with named as (
    select
        id,
        cast(age as double) as age_years,
        cast("NumberOfDependents" as double) as dependents_count,
        cast("NumberOfTime30-59DaysPastDueNotWorse" as double) as late_30_59_days_count,
        cast("NumberOfTime60-89DaysPastDueNotWorse" as double) as late_60_89_days_count,
        cast("NumberOfTimes90DaysLate" as double) as late_90_days_count,
        cast("NumberOfOpenCreditLinesAndLoans" as double) as open_credit_lines_count,
        cast("NumberRealEstateLoansOrLines" as double) as real_estate_loans_count,
        "RevolvingUtilizationOfUnsecuredLines" as utilisation_ratio,
        "DebtRatio" as debt_ratio,
        cast("MonthlyIncome" as double) as income_month
    from training
)
select
    id || '-' || name as record, id as subject, date '2007-12-31' as happened_at,
    name, number, null as text
from named unpivot (number for name in (columns(* exclude (id))))
union all
select
    id || '-age_group', id, date '2007-12-31', 'age_group', null,
    case
        when age < 25 then 'under 25' when age < 35 then '25 to 34'
        when age < 50 then '35 to 49' else '50 and over'
    end
from training
where age > 0
