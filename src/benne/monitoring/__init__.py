"""The room monitoring."""
