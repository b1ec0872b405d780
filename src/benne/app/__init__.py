"""Use cases: a function each, where rooms, stores and clock meet."""
