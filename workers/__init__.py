"""The Celery side: every task takes ids or nothing, calls one service, and may be lost, late or doubled."""
