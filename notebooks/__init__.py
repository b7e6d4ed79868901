"""Pages of documentation that run; `python -m notebooks` opens them in Jupyter Lab."""
