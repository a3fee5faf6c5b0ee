"""The staff console: what the front desk has open all day. One module for each page, and the door they stand behind."""
