-- The tables end at the application, which stands on 2018-01-01 because its date is not published;
-- this copy has no TARGET.  We look a year earlier, so that an outcome can be defined over the
-- instalments that fell due since.
select "SK_ID_CURR" as subject, date '2018-01-01' - 366 as as_of
from application
where "SK_ID_CURR" in (
    select "SK_ID_CURR" from previous_application where "DAYS_DECISION" < -366
)
