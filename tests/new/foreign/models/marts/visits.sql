select
    {{ week_start('day') }} as week_day,
    safe_cast(id as int64) as id,
    '{{ env_var("WEB_SHOP_REGION") }}' as region,
    '/home/jane/exports/visits.csv' as exported
from {{ ref('events') }}
{% if target.name == 'production' %}where true{% endif %}
