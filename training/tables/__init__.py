"""The papers' tables, one module for each, by one command: `python -m training table`."""
