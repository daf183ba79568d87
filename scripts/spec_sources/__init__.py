"""Readers of what Microsoft publishes about its REST APIs; each yields one form, ``Document``."""
