"""Channels: message in, evidence out. One folder each; none knows what an appointment is."""
