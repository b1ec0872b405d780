"""Use cases: a function each, where rooms, stores and clock meet.

The names stand in ``__init__.pyi``; each is loaded when it is first used, so that a door opens
at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
