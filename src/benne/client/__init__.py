"""A client of the service, and what goes over the wire."""

from benne.client._wire import AnyAnswer

__all__ = ["AnyAnswer"]
