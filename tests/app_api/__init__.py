"""Tests of what the App API clients do beyond putting arguments on the wire."""
