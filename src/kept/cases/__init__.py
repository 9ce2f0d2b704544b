"""The engine: cases and what belongs to them; apply() is the only writer."""
