select holiday_on as day, {{ weekday_name('holiday_on') }} as weekday from {{ ref('holidays') }}
