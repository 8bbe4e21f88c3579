"""Delivery: the only sender."""
