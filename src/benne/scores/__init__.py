"""The room scores."""
