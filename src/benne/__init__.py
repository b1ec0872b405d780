"""Benne: an open consumer credit bureau in a box."""

__version__ = "0.1.0"
