"""Pratip: a sourced, careful answering service for human-rights campaigns."""
