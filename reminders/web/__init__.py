"""The web door: hooks of providers, link pages of patients, health."""
