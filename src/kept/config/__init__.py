"""Settings and urls: wires everything by name."""
