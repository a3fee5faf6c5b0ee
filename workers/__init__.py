"""Celery workers: every task takes ids and calls one service."""
