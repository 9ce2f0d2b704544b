"""The customer's pages: booking, and the page behind the link of an appointment."""
