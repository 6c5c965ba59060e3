select receipt_id from {{ source('till', 'receipts') }}
