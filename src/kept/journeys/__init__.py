"""What follows an appointment: the built-in receivers of its hand-offs, and what they write."""
