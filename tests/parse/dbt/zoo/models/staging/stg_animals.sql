select * from {{ source('keeper', 'animals') }}
