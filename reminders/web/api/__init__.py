"""The API `/api/v1`: what programs read and write, each by a key of one clinic."""
