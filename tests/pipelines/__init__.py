"""Tests of the Data Pipelines API, at the wire."""
