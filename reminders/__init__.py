"""Appointment reminders, ride checks and check-ins for infusion clinics."""
