-- ---
-- source = "home_credit"
-- historical = true
-- ---
-- An instalment may be paid in parts, a row each; it is paid when the last part came.  The
-- schedule is known from the loan's first day.
select
    payment."SK_ID_PREV" || '-' || "NUM_INSTALMENT_VERSION" || '-' || "NUM_INSTALMENT_NUMBER"
        as record,
    any_value(payment."SK_ID_CURR") as subject,
    payment."SK_ID_PREV" as account,
    any_value(date '2018-01-01' + cast("DAYS_DECISION" as integer)) as known_at,
    min(date '2018-01-01' + cast("DAYS_INSTALMENT" as integer)) as due_at,
    cast(round(max("AMT_INSTALMENT") * 100) as bigint) as due_minor,
    cast(round(sum("AMT_PAYMENT") * 100) as bigint) as paid_minor,
    max(date '2018-01-01' + cast("DAYS_ENTRY_PAYMENT" as integer)) as paid_at
from installments_payments as payment
join previous_application using ("SK_ID_PREV")
group by payment."SK_ID_PREV", "NUM_INSTALMENT_VERSION", "NUM_INSTALMENT_NUMBER"
