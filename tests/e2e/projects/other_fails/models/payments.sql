select * from {{ source('till', 'receipts') }}
