"""The clockwork: turns the handle, delivers what is to be said."""
