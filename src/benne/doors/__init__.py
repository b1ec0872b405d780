"""Doors: parse, call a use case, render."""
