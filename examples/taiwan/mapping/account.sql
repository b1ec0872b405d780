-- ---
-- source = "card_system"
-- historical = true
-- ---
-- When a card was opened is not published, only that it was before the first statement: ages of
-- accounts mean nothing here, and are the same for all.
select
    "ID" as record,
    "ID" as subject,
    date '2005-04-01' as opened_at,
    'credit_card' as product,
    false as secured,
    "LIMIT_BAL" * 100 as limit_minor
from clients
