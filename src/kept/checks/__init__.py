"""The promises that must always hold, each as a named check over the live data."""
