{{ config(schema='calendar') }} select 'CH' as code
