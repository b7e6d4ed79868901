"""A local, stateful, honest Customer.io for development and tests."""
