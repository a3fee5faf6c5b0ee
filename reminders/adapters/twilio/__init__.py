"""Text messages by Twilio: sending, receipts and the signatures of its hooks."""
